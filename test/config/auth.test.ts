import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  configOf,
  leastEnvironment,
  loadedBy,
  loadedFrom,
  ownFile,
  ownFolder,
  toldOf,
  warningsOf,
  yamlWith,
} from './written-config.ts';

const withAuth = (members: string, more = '') =>
  loadedFrom(
    yamlWith({ destination: `destination: {url: "https://ehr.example.org/fhir", auth: {${members}}${more}}` }),
  );
const told = (members: string, more?: string) => toldOf(withAuth(members, more));

const tokens = 'tokenUrl: "https://ehr.example.org/token"';
const secret = 'kind: client-credentials, clientId: sms, clientSecret: hunter2';
const keyed = (file: string) =>
  `kind: backend-services, clientId: sms, scope: system/Communication.crus, keys: [{file: ${file}}]`;

describe('a login by client credentials', () => {
  it.each([
    [`${secret}, ${tokens}`, []],
    [`${secret}, discovery: true`, []],
    [`${secret}, discovery: true, tokenOrigin: "https://login.example.org"`, []],
    [`kind: client-credentials, ${tokens}`, ['clientId: is needed for', 'clientSecret: is needed for']],
    [secret, ['tokenUrl: is needed for client-credentials, unless discovery is true.']],
    [`${secret}, discovery: true, ${tokens}`, ['discovery: is true beside tokenUrl. Set one of them.']],
    [`${secret}, ${tokens}, tokenOrigin: "https://login.example.org"`, ['tokenOrigin: is for discovery']],
    [`${secret}, discovery: true, tokenOrigin: "https://login.example.org/x"`, ['tokenOrigin: The value has a path']],
    [`${secret}, tokenUrl: "http://ehr.example.org/token"`, ['tokenUrl: is http, so the login would cross']],
    [`${secret}, discovery: true, tokenOrigin: "http://login.example.org"`, ['tokenOrigin: is http']],
    [`${secret}, tokenUrl: "http://127.0.0.1:9/token"`, []],
    [`clientId: sms, clientSecret: hunter2, ${tokens}`, ['kind: is none, and tokenUrl and clientId and clientSecret']],
  ])('%s', (members, problems) => {
    expect(told(members)).toEqual(
      problems.map((problem) =>
        expect.stringContaining(`destination.auth.${problem.replace('The value', '"https://login.example.org/x"')}`),
      ),
    );
  });

  it('may go without TLS where the EHR may', () => {
    expect(told(`${secret}, tokenUrl: "http://ehr.example.org/token"`, ', allowHttp: true')).toEqual([]);
  });

  it.each(['https://ehr.example.org/o/token/', 'https://login.example.org/token?tenant=1'])(
    'takes the token endpoint by the letter, as its audience: %s',
    (url) => {
      const { auth } = configOf(withAuth(`${secret}, tokenUrl: "${url}"`)).destination;
      expect(auth.tokenUrl).toBe(url);
    },
  );

  it.each([
    'ftp://ehr.example.org/token',
    'ehr.example.org/token',
    'https://a:canary7f3a@ehr.example.org/token',
    'https://ehr.example.org/#canary7f3a',
  ])('takes no other address for a token endpoint: %s', (url) => {
    const problems = told(`${secret}, tokenUrl: "${url}"`);
    expect(problems).toEqual([expect.stringContaining('destination.auth.tokenUrl: ')]);
    expect(problems[0]).not.toContain('canary7f3a');
  });

  it('follows the file of its secret', () => {
    const file = ownFile('first\n');
    const { auth } = configOf(
      withAuth(`kind: client-credentials, clientId: sms, clientSecret: "\${file:${file}}", ${tokens}`),
    ).destination;
    writeFileSync(file, 'second\n');
    expect(auth.clientSecret.reveal()).toBe('second');
    expect(inspect(auth, { depth: null })).not.toContain('second');
  });
});

describe('a login by SMART Backend Services', () => {
  it('needs a client, scopes, a key and a token endpoint', () => {
    expect(told('kind: backend-services')).toEqual(
      ['clientId', 'scope', 'keys', 'tokenUrl'].map((name) =>
        expect.stringContaining(`destination.auth.${name}: is needed for backend-services`),
      ),
    );
  });

  it('needs one of its files; the next key may still be to come', () => {
    const [first, next] = [ownFile('PEM'), join(ownFolder(), 'next.pem')];
    expect(told(`${keyed(`${next}}, {file: ${first}`)}, ${tokens}`)).toEqual([]);
    rmSync(first);
    expect(told(`${keyed(`${next}}, {file: ${first}`)}, ${tokens}`)).toEqual([
      expect.stringContaining('destination.auth.keys[0].file: The file does not exist. Name a file with a private key'),
    ]);
  });

  it('tells nothing of what was written in place of the name of a file (G3)', () => {
    const loaded = withAuth(`${keyed('MIIEvQIBADANBg')}, ${tokens}`);
    expect(toldOf(loaded)).toHaveLength(1);
    expect(JSON.stringify(loaded)).not.toContain('MIIEvQIBADANBg');
  });

  it('reads its keys anew whenever they are asked for, and shows them to nobody', () => {
    const file = ownFile('first key');
    const { auth } = configOf(withAuth(`${keyed(file)}, ${tokens}`)).destination;
    const [key] = auth.keys;
    expect(key?.text()).toBe('first key');
    writeFileSync(file, 'second key');
    expect(key?.text()).toBe('second key');
    rmSync(file);
    expect(key?.text()).toBeUndefined();
    expect(inspect(configOf(withAuth(`${keyed(ownFile('canary7f3a'))}, ${tokens}`)), { depth: null })).not.toContain(
      'canary7f3a',
    );
  });

  it('warns of a key that every user of the machine may read (G3)', () => {
    const file = ownFile('PEM');
    chmodSync(file, 0o644);
    expect(warningsOf(withAuth(`${keyed(file)}, ${tokens}`))).toContainEqual(
      expect.stringContaining(`${file} holds a secret`),
    );
  });

  it('stands in the environment with one key', () => {
    const file = ownFile('PEM');
    const { auth } = configOf(
      loadedBy({
        ...leastEnvironment,
        FHIR_AUTH_KIND: 'backend-services',
        FHIR_AUTH_CLIENT_ID: 'sms',
        FHIR_AUTH_SCOPE: 'system/Communication.crus',
        FHIR_AUTH_DISCOVERY: 'true',
        FHIR_AUTH_TOKEN_ORIGIN: 'https://login.example.org',
        FHIR_AUTH_KEY_FILE: file,
        FHIR_AUTH_KEY_ID: 'sms-2026',
        FHIR_AUTH_KEY_ALG: 'ES384',
        FHIR_AUTH_JWKS_URL: 'https://sms.hospital.example.org/jwks.json',
        FHIR_AUTH_JWKS_PORT: '0',
      }),
    ).destination;
    expect(auth).toMatchObject({
      kind: 'backend-services',
      clientId: 'sms',
      discovery: true,
      tokenOrigin: 'https://login.example.org',
      keys: [{ kid: 'sms-2026', alg: 'ES384' }],
      jwksUrl: 'https://sms.hospital.example.org/jwks.json',
      jwks: { port: 0, host: '127.0.0.1' },
    });
    expect(auth.keys[0]?.text()).toBe('PEM');
  });

  it('has no key and no port where the environment names none', () => {
    const { auth } = configOf(loadedBy(leastEnvironment)).destination;
    expect(auth).toMatchObject({ kind: 'none', keys: [], jwks: { port: undefined } });
  });

  it('takes the secret of client credentials out of the file that the environment names', () => {
    const { auth } = configOf(
      loadedBy({
        ...leastEnvironment,
        FHIR_AUTH_KIND: 'client-credentials',
        FHIR_AUTH_CLIENT_ID: 'sms',
        FHIR_AUTH_CLIENT_SECRET_FILE: ownFile('hunter2\n'),
        FHIR_AUTH_TOKEN_URL: 'https://ehr.example.org/token',
      }),
    ).destination;
    expect(auth.clientSecret.reveal()).toBe('hunter2');
  });
});
