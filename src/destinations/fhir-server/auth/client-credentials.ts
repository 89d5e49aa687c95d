import type { Authorizer, AuthOptions, AuthSurroundings } from './authorizer.ts';
import { tokenLogin } from './token-login.ts';

/** OAuth 2.0 client credentials, with the secret as HTTP Basic (RFC 6749, 2.3.1: name and secret form-encoded first). */
export function clientCredentials(
  options: Extract<AuthOptions, { kind: 'client-credentials' }>,
  surroundings: AuthSurroundings,
): Authorizer {
  const { tokenAddress, clientId, clientSecret, scope } = options;
  const proof = () => {
    const secret = clientSecret();
    const basic = Buffer.from(`${formEncoded(clientId)}:${formEncoded(secret)}`).toString('base64');
    return { id: secret, show: () => Promise.resolve({ form: {}, headers: { authorization: `Basic ${basic}` } }) };
  };
  return tokenLogin({ tokenAddress, scope, proof, dated: false }, surroundings);
}

const formEncoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
