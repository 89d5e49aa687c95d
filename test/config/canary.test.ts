import { format, inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { LoadedConfig } from '../../src/config/load-config.ts';
import { loadedFrom, loadedToTranslate, opsHash, ownFile, yamlWith } from './written-config.ts';

const canary = 'canary7f3a';
const key = Buffer.from(`${canary}${canary}${canary}xx`).toString('base64');

/** Everything that a program may print of what was loaded, or was not. */
function printed(loaded: LoadedConfig<unknown>): string {
  return [
    JSON.stringify(loaded),
    inspect(loaded, { depth: null, showHidden: true, getters: true }),
    format('%o %O %j', loaded, loaded, loaded),
    String(new Error('not usable', { cause: loaded })),
  ].join('\n');
}

const auth = (members: string) => `destination: {url: "https://ehr.example.org/fhir", auth: {${members}}}`;

describe('a secret', () => {
  it.each([
    ['of a vendor', yamlWith().replace('vendor password', canary), canary],
    ['of the EHR', yamlWith({ destination: auth(`kind: basic, username: writer, password: ${canary}`) }), canary],
    ['that is a token', yamlWith({ destination: auth(`kind: bearer, token: ${canary}`) }), canary],
    ['of a database', yamlWith({ more: `ledger: {url: "postgres://us:${canary}@db.example.org/sms"}` }), canary],
    [
      'of a database, in its query',
      yamlWith({ more: `ledger: {url: "postgres://db/sms?password=${canary}"}` }),
      canary,
    ],
    ['that encrypts', yamlWith({ more: `ledger: {encryptionKey: "${key}"}` }), key],
    [
      'that is a hash',
      yamlWith({ more: `http: {users: [{name: ops, passwordHash: "${opsHash}", role: viewer}]}` }),
      opsHash,
    ],
  ])('%s is not printed with the configuration', (_whose, yaml, secret) => {
    const loaded = loadedFrom(yaml);
    expect(loaded.kind).toBe('loaded');
    expect(printed(loaded)).not.toContain(secret);
  });

  it.each([
    ['in a variable', '${SECRET}'],
    ['in a file', '${file:FILE}'],
    ['in a variable that names its file', '${SECRET_IN}'],
  ])('%s is not printed with the configuration', (_where, reference) => {
    const file = ownFile(canary);
    const yaml = yamlWith().replace('vendor password', () => reference.replace('FILE', file));
    const loaded = loadedFrom(yaml, { SECRET: canary, SECRET_IN_FILE: file });
    expect(loaded.kind).toBe('loaded');
    expect(printed(loaded)).not.toContain(canary);
  });

  it.each([
    ['beside mistakes', yamlWith({ source: 'timeout: 5', more: 'x: y' }).replace('vendor password', canary)],
    ['that is a list', yamlWith().replace('vendor password', `[${canary}]`)],
    ['that is a group', yamlWith().replace('vendor password', `{a: ${canary}}`)],
    ['that looks like an anchor', yamlWith().replace('vendor password', `&${canary} x`)],
    ['that looks like an alias', yamlWith().replace('vendor password', `*${canary}`)],
    ['that looks like a tag', yamlWith().replace('vendor password', `!${canary} x`)],
    ['that looks like a tag of a kind', yamlWith().replace('vendor password', `!a!${canary} x`)],
    ['that looks like a block', yamlWith().replace('vendor password', `|${canary}`)],
    ['that is not closed', yamlWith().replace('vendor password', `"${canary}`)],
    ['that has a wrong escape', yamlWith().replace('vendor password', `"\\q${canary}"`)],
    ['that begins with what YAML keeps', yamlWith().replace('vendor password', `@${canary}`)],
    ['that has a colon', yamlWith().replace('vendor password', `a: ${canary}`)],
    ['that is no reference', yamlWith().replace('vendor password', `\${${canary}-}`)],
    ['that is an open reference', yamlWith().replace('vendor password', `\${${canary} x`)],
    ['that is no key', yamlWith({ more: `ledger: {encryptionKey: ${canary}}` })],
    ['that is no hash', yamlWith({ more: `http: {users: [{name: ops, passwordHash: ${canary}, role: viewer}]}` })],
    ['for keys, that spans lines', yamlWith({ mapping: `mapping: {keySecret: "a\\n${canary}"}` })],
    ['in a login to a vendor', yamlWith().replace('https://vendor', `https://us:${canary}@vendor`)],
    ['in a login to the EHR', yamlWith({ destination: `destination: {url: "https://us:${canary}@ehr/fhir"}` })],
    ['in a login without a scheme', yamlWith({ destination: `destination: {url: "us:${canary}@ehr/fhir"}` })],
    ['in a query', yamlWith({ destination: `destination: {url: "https://ehr/fhir?token=${canary}"}` })],
    ['in a proxy', yamlWith({ source: `proxy: "http://us:${canary}@proxy.example.org"` })],
    ['in a database that is none', yamlWith({ more: `ledger: {url: "mysql://us:${canary}@db.example.org/sms"}` })],
    ['in a database that is not encoded', yamlWith({ more: `ledger: {url: "postgres://us:${canary}/@db/sms"}` })],
    ['in a database, behind a slash', yamlWith({ more: `ledger: {url: "postgres://us:1/${canary}@db/sms"}` })],
    ['in a database, behind a hash', yamlWith({ more: `ledger: {url: "postgres://us:1#${canary}@db/sms"}` })],
    ['in a login with a slash', yamlWith({ destination: `destination: {url: "https://us:1/${canary}@ehr/fhir"}` })],
    ['that spans lines', yamlWith().replace('vendor password', `"a\\n${canary}"`)],
    ['that is for nothing', yamlWith({ destination: auth(`kind: none, token: ${canary}`) })],
    ['for the name of a token file', yamlWith({ destination: auth(`kind: bearer, tokenFile: ${canary}`) })],
  ])('%s is in no problem', (_where, yaml) => {
    const loaded = loadedFrom(yaml);
    expect(loaded.kind).toBe('invalid');
    expect(printed(loaded)).not.toContain(canary);
  });

  it('for the name of a file is in no problem', () => {
    const loaded = loadedFrom(yamlWith().replace('vendor password', '${SECRET}'), { SECRET_FILE: canary });
    expect(loaded.kind).toBe('invalid');
    expect(printed(loaded)).not.toContain(canary);
  });

  it('beside its own file is in no problem', () => {
    const env = { SECRET: canary, SECRET_FILE: canary };
    const loaded = loadedFrom(yamlWith().replace('vendor password', '${SECRET}'), env);
    expect(loaded.kind).toBe('invalid');
    expect(printed(loaded)).not.toContain(canary);
  });

  it('is not read for a translation', () => {
    expect(printed(loadedToTranslate(yamlWith().replace('vendor password', canary)))).not.toContain(canary);
  });
});
