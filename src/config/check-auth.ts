import { isLoopback } from './check-config.ts';
import type { ServiceSettings } from './config.ts';
import type { ConfigFiles } from './file-text.ts';
import type { Mistake } from './setting-mistakes.ts';

type DestinationSettings = ServiceSettings['destination'];
type AuthSettings = DestinationSettings['auth'];

const at = (...path: readonly (string | number)[]) => ['destination', 'auth', ...path];

/** What the login to the EHR lacks, or has for nothing. */
export function checkAuth(destination: DestinationSettings, files: ConfigFiles): readonly Mistake[] {
  const { auth } = destination;
  switch (auth.kind) {
    case 'none':
      return idleLogin(auth);
    case 'basic':
      return [
        ...needed(auth, 'username', 'sms-writer', auth.username),
        ...needed(auth, 'password', '${file:/run/secrets/ehr}', auth.password.reveal()),
      ];
    case 'bearer':
      return checkBearer(auth, files);
    case 'client-credentials':
      return [
        ...needed(auth, 'clientId', 'sms-bridge', auth.clientId),
        ...needed(auth, 'clientSecret', '${file:/run/secrets/ehr-client}', auth.clientSecret.reveal()),
        ...checkTokenAddress(destination),
      ];
    case 'backend-services':
      return [
        ...needed(auth, 'clientId', '0f1c2d3e-4a5b-6c7d-8e9f-a0b1c2d3e4f5', auth.clientId),
        ...needed(auth, 'scope', 'system/Communication.crus', auth.scope),
        ...checkKeys(auth, files),
        ...checkTokenAddress(destination),
      ];
  }
}

const needed = ({ kind }: AuthSettings, name: string, example: string, given: string): readonly Mistake[] =>
  given === ''
    ? [
        {
          path: at(name),
          goesBy: [at('tokenFile'), at('kind')],
          message: `is needed for ${kind}. Example: ${example}`,
        },
      ]
    : [];

function checkBearer(auth: AuthSettings, files: ConfigFiles): readonly Mistake[] {
  const { token, tokenFile } = auth;
  if (tokenFile === '') return needed(auth, 'token', '${file:/run/secrets/ehr-token}', token.reveal());
  if (token.reveal() !== '') return [{ path: at('tokenFile'), message: 'is set beside token. Set one of them.' }];
  const content = files.read(tokenFile, { secret: true });
  // The path is not repeated: someone may have put the token itself there.
  return content.kind === 'failed'
    ? [{ path: at('tokenFile'), message: `The file ${content.reason}. Name a file with the token in it.` }]
    : [];
}

function checkTokenAddress({ auth, allowHttp }: DestinationSettings): readonly Mistake[] {
  const { kind, tokenUrl, discovery, tokenOrigin } = auth;
  const goesBy = [at('discovery'), at('tokenOrigin'), at('kind')];
  if (tokenUrl === '' && !discovery) {
    const message = `is needed for ${kind}, unless discovery is true. Example: https://ehr.example.org/oauth2/token`;
    return [{ path: at('tokenUrl'), goesBy, message }];
  }
  if (tokenUrl !== '' && discovery) {
    return [{ path: at('discovery'), goesBy: [at('tokenUrl')], message: 'is true beside tokenUrl. Set one of them.' }];
  }
  if (tokenUrl !== '' && tokenOrigin !== '') {
    const message = 'is for discovery, and tokenUrl says where tokens are had. Leave it out.';
    return [{ path: at('tokenOrigin'), goesBy: [at('tokenUrl')], message }];
  }
  const [name, address] = tokenUrl === '' ? ['tokenOrigin', tokenOrigin] : ['tokenUrl', tokenUrl];
  // Without an origin it is that of destination.url, which is told of by itself.
  const open = address.startsWith('http:') && !allowHttp && !isLoopback(address);
  const message = 'is http, so the login would cross the network unencrypted. Write https.';
  return open ? [{ path: at(name), goesBy: [['destination', 'allowHttp']], message }] : [];
}

/** One file at least is there: the next key may still be to come. What is in them is seen where they are used. */
function checkKeys({ keys }: AuthSettings, files: ConfigFiles): readonly Mistake[] {
  if (keys.length === 0) {
    const message = 'is needed for backend-services. Example: [{file: /run/secrets/ehr-key.pem}]';
    return [{ path: at('keys'), goesBy: [at('kind')], message }];
  }
  const read = keys.map(({ file }) => files.read(file, { secret: true }));
  const [first] = read;
  const none = read.every(({ kind }) => kind === 'failed');
  if (!none || first?.kind !== 'failed') return [];
  // The path is not repeated: someone may have put the key itself there.
  const message = `The file ${first.reason}. Name a file with a private key in it (PEM, JWK or JWKS).`;
  return [{ path: at('keys', 0, 'file'), message }];
}

/** A login that nobody uses: most likely `kind` was forgotten, and the EHR would be asked without it. */
function idleLogin(auth: AuthSettings): readonly Mistake[] {
  const given = {
    username: auth.username,
    password: auth.password.reveal(),
    token: auth.token.reveal(),
    tokenFile: auth.tokenFile,
    tokenUrl: auth.tokenUrl,
    clientId: auth.clientId,
    clientSecret: auth.clientSecret.reveal(),
    keys: auth.keys.length === 0 ? '' : 'some',
  };
  const names = Object.entries(given).flatMap(([name, text]) => (text === '' ? [] : [name]));
  if (names.length === 0) return [];
  return [
    {
      path: at('kind'),
      goesBy: names.map((name) => at(name)),
      message: `is none, and ${names.join(' and ')} would not be used. Write kind: ${likelyKind(names)}, or leave the rest out.`,
    },
  ];
}

function likelyKind(names: readonly string[]): AuthSettings['kind'] {
  if (names.includes('keys')) return 'backend-services';
  if (names.some((name) => name === 'clientSecret' || name === 'clientId' || name === 'tokenUrl')) {
    return 'client-credentials';
  }
  return names.includes('token') || names.includes('tokenFile') ? 'bearer' : 'basic';
}
