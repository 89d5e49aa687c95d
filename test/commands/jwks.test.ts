import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { importJWK, jwtVerify, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { leastEnvironment, ownFile, ownFolder } from '../config/written-config.ts';
import { runProgram } from '../support/program.ts';
import { makeKey, publicPem } from '../support/signing-keys.ts';

const rsa = makeKey('RS384');
const ec = makeKey('ES384');
const secrets = [...rsa.secrets, ...ec.secrets];

const backend = {
  ...leastEnvironment,
  FHIR_AUTH_KIND: 'backend-services',
  FHIR_AUTH_CLIENT_ID: 'sms-bridge',
  FHIR_AUTH_SCOPE: 'system/Communication.crus',
  FHIR_AUTH_TOKEN_URL: 'https://ehr.example.org/token',
};

describe('jwks', () => {
  it('prints the public key of the configuration, and no private part of it', async () => {
    const file = ownFile(ec.pem);
    const env = { ...backend, FHIR_AUTH_KEY_FILE: file, FHIR_AUTH_KEY_ID: 'sms-2026' };
    const ended = await runProgram(['jwks'], { env });
    expect(ended.code).toBe(0);
    const { keys } = JSON.parse(ended.stdout);
    expect(keys).toEqual([
      { kid: 'sms-2026', alg: 'ES384', use: 'sig', kty: 'EC', crv: 'P-384', x: ec.jwk()['x'], y: ec.jwk()['y'] },
    ]);
    for (const secret of secrets) expect(ended.stdout + ended.stderr).not.toContain(secret);
    const signed = await new SignJWT().setProtectedHeader({ alg: 'ES384' }).sign(ec.privateKey);
    await jwtVerify(signed, await importJWK(keys[0]));
  });

  it('prints those of files, without a configuration: the EHR wants them before it names a client', async () => {
    const [one, two] = [ownFile(JSON.stringify({ keys: [rsa.jwk('rsa'), ec.jwk('ec')] })), ownFile(publicPem(rsa))];
    const ended = await runProgram(['jwks', '--key', one, '--key', two]);
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout).keys.map(({ kty }: { readonly kty: string }) => kty)).toEqual(['RSA', 'EC', 'RSA']);
    for (const secret of secrets) expect(ended.stdout + ended.stderr).not.toContain(secret);
  });

  it('says what is wrong with a file, and nothing that is in it', async () => {
    const half = ownFile(ec.pem.slice(0, 120));
    const missing = join(ownFolder(), 'none.pem');
    expect(await runProgram(['jwks', '--key', half])).toMatchObject({
      code: 2,
      stderr: `${half} is no key: name a file with a PEM without a passphrase, a JWK or a JWKS.\n`,
    });
    expect((await runProgram(['jwks', '--key', missing])).stderr).toBe(
      `${missing} cannot be read (ENOENT). Name a file with a key (PEM, JWK or JWKS).\n`,
    );
    expect(await runProgram(['jwks', '--key', half, '--config', missing])).toMatchObject({ code: 2 });
  });

  it('says so where the configuration has no keys', async () => {
    const ended = await runProgram(['jwks'], { env: leastEnvironment });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain('destination.auth.keys: there are none.');
  });
});

describe('a key that cannot sign', () => {
  it.each([
    ['a file that holds none', 'hunter2', 'destination.auth.keys[0].file is no key'],
    ['a public key alone', publicPem(ec), 'destination.auth.keys: none of them is a private key'],
  ])('is refused at start: %s', async (_what, text, message) => {
    const file = ownFile('');
    writeFileSync(file, text);
    const env = { ...backend, FHIR_AUTH_KEY_FILE: file, LEDGER_URL: `sqlite:${join(ownFolder(), 'ledger.db')}` };
    const ended = await runProgram(['run'], { env });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain(message);
    expect(ended.stderr).not.toContain('hunter2');
  });
});
