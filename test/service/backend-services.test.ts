import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { hapiLike, startScriptedEhr } from '../destinations/scripted-ehr.ts';
import { ownFolder } from '../config/written-config.ts';
import { makeAuthority, type Authority } from '../network/certificates.ts';
import { openSandbox } from '../support/sandbox.ts';
import { eventsIn, runProgram, startProgram } from '../support/program.ts';
import { makeKey } from '../support/signing-keys.ts';
import { tlsFront } from '../support/tls-front.ts';
import { startTokenServer } from '../support/token-server.ts';

const authority = makeAuthority('Hospital CA');
afterAll(() => authority.remove());
const site = authority.issue('site');
const client = authority.issue('client', { host: 'sms.hospital.example.org' });
const key = makeKey('ES384');

/** A vendor, an EHR and its token endpoint, each behind TLS that takes clients with a certificate only. */
async function hospital({ clientsOf = authority }: { readonly clientsOf?: Authority } = {}) {
  const sandbox = await openSandbox();
  let jwksUrl = 'http://127.0.0.1:9/';
  let tokenUrl = '';
  const tokens = await startTokenServer({
    clientId: 'sms-bridge',
    jwks: () => new URL(jwksUrl),
    scopes: 'system/Communication.crus',
    audience: () => tokenUrl,
  });
  const ehr = await startScriptedEhr({
    statement: hapiLike,
    authorization: tokens.header,
    smartConfiguration: () => ({ token_endpoint: tokenUrl }),
  });
  const behind = [sandbox.environment['DIALOG_HEALTH_URL'] ?? '', ehr.url, tokens.url];
  const fronts = await Promise.all(behind.map((url) => tlsFront(url, site, clientsOf)));
  const [vendorFront, ehrFront, tokenFront] = fronts.map(({ origin }) => origin);
  tokenUrl = `${tokenFront}/token`;
  const folder = ownFolder();
  const keys = join(folder, 'keys');
  mkdirSync(keys);
  writeFileSync(join(keys, 'current.pem'), key.pem, { mode: 0o600 });
  const tls = { ca: authority.ca, certificate: client.certificate, key: client.key };
  const path = new URL(behind[0] ?? '').pathname;
  const configOf = (change: object) => ({
    sources: [
      {
        name: 'main-clinic',
        kind: 'dialog-health',
        url: `${vendorFront}${path === '/' ? '' : path}`,
        console: sandbox.environment['DIALOG_HEALTH_CONSOLE'],
        username: sandbox.environment['DIALOG_HEALTH_USERNAME'],
        password: sandbox.password,
        startAt: sandbox.environment['START_AT'],
        tls,
      },
    ],
    destination: {
      url: `${ehrFront}/fhir`,
      tls,
      auth: {
        kind: 'backend-services',
        discovery: 'true',
        tokenOrigin: tokenFront,
        clientId: 'sms-bridge',
        scope: 'system/Communication.crus',
        keys: [{ file: join(keys, 'current.pem') }, { file: join(keys, 'next.pem') }],
        jwks: { port: '0' },
      },
      ...change,
    },
    mapping: { canonicalBase: 'https://fhir.example.org' },
    ledger: { url: `sqlite:${folder}/ledger.db` },
    http: { port: '0' },
  });
  onTestFinished(async () => {
    await Promise.all(fronts.map((front) => front.close()));
    await Promise.all([sandbox.close(), tokens.close(), ehr.close()]);
  });
  return {
    ehr,
    tokens,
    fronts,
    folder,
    keysAt: (url: string) => void (jwksUrl = url),
    configFile(change: object = {}): string {
      const file = join(folder, 'config.yaml');
      writeFileSync(file, JSON.stringify(configOf(change)));
      return file;
    },
  };
}

describe('a service that logs in by SMART Backend Services, in a hospital with a CA of its own', () => {
  it('serves its public keys, gets a token for them, and delivers; nobody is told a secret', async () => {
    const { ehr, tokens, fronts, folder, keysAt, configFile } = await hospital();
    const program = startProgram(['serve', '--config', configFile()]);
    onTestFinished(async () => {
      program.child.kill('SIGKILL');
      await program.ended;
    });
    const { port } = await program.event('jwks_listening');
    keysAt(`http://127.0.0.1:${String(port)}/jwks.json`);
    // The first tries met an EHR that did not know the keys.
    await expect.poll(() => ehr.held.size, { timeout: 20_000 }).toBe(6);
    program.child.kill('SIGTERM');
    const { code, stdout, stderr } = await program.ended;
    expect(code).toBe(0);
    const events = eventsIn(stdout);
    expect(events.filter(({ event }) => event === 'destination_ready')).toHaveLength(1);
    for (const { clients } of fronts) expect(new Set(clients)).toEqual(new Set(['sms.hospital.example.org']));
    const assertions = tokens.heard.map(({ form }) => form['client_assertion'] ?? '');
    const files = globSync('**/*', { cwd: folder, exclude: ['keys/**', 'keys'] }).map((file) => join(folder, file));
    expect(files).toContain(join(folder, 'ledger.db'));
    const written = files.map((file) => readFileSync(file, 'latin1')).join('\n');
    expect(tokens.issued.length).toBeGreaterThan(0);
    for (const secret of [...tokens.issued, ...assertions, ...key.secrets]) {
      expect(stdout + stderr).not.toContain(secret);
      expect(written).not.toContain(secret);
    }
  });

  it('is told by check which scopes it needs at least', async () => {
    const { tokens, keysAt, configFile } = await hospital();
    const file = configFile();
    const jwks = JSON.parse((await runProgram(['jwks', '--config', file])).stdout);
    keysAt(`data:application/json,${encodeURIComponent(JSON.stringify(jwks))}`);
    tokens.script.length = 0;
    const ended = await runProgram(['check', '--config', file]);
    expect(ended.stdout).toMatch(/^good {2}EHR: writes by put-by-id/m);
    expect(ended.stdout).toMatch(
      /^good {2}scopes: the least for this way of writing: system\/Communication\.crus \(SMART v2\), or system\/Communication\.write system\/Communication\.read \(v1\)$/m,
    );
    expect(ended.code).toBe(0);
  });

  it.each([
    ['without the CA', { ca: '' }],
    ['without a certificate of its own', { certificate: '', key: '' }],
  ])('is not let in %s, and says so', async (_what, change) => {
    const { ehr, tokens, configFile } = await hospital();
    const whole = { ca: authority.ca, certificate: client.certificate, key: client.key };
    const ended = await runProgram(['check', '--config', configFile({ tls: { ...whole, ...change } })]);
    expect(ended.stdout).toMatch(/^FAIL {2}EHR: ehr-(?:tls-error|unreachable): /m);
    expect(ended.code).toBe(1);
    expect([ehr.heard, tokens.heard]).toEqual([[], []]);
  });
});
