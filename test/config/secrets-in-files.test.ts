import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  configOf,
  leastEnvironment,
  loadedBy,
  loadedFrom,
  opsHash,
  ownFile,
  warningsOf,
  yamlWith,
} from './written-config.ts';

const withUser = { OPS_USER: 'ops', OPS_PASSWORD_HASH: opsHash };
const { DIALOG_HEALTH_PASSWORD: _, ...withoutPassword } = leastEnvironment;
const byFile = (file: string) => loadedBy({ ...withoutPassword, ...withUser, DIALOG_HEALTH_PASSWORD_FILE: file });
const bearer = (file: string) =>
  loadedFrom(
    yamlWith({
      destination: `destination: {url: "https://ehr.example.org/fhir", auth: {kind: bearer, tokenFile: ${file}}}`,
      more: `http: {users: [{name: ops, passwordHash: "${opsHash}", role: viewer}]}`,
    }),
  );

const http = (members: string) =>
  warningsOf(
    loadedFrom(
      yamlWith({ more: `http: {${members}, users: [{name: ops, passwordHash: "${opsHash}", role: viewer}]}` }),
    ),
  );

describe('a secret out of a file', () => {
  it('is the new one as soon as the file is', () => {
    const file = ownFile('first\n');
    const { password } = configOf(byFile(file)).sources[0];
    expect(password.reveal()).toBe('first');
    writeFileSync(file, 'second\n');
    expect(password.reveal()).toBe('second');
  });

  it('stays the last one while the file is away or empty (H11)', () => {
    const file = ownFile('first');
    const { password } = configOf(byFile(file)).sources[0];
    writeFileSync(file, '');
    expect(password.reveal()).toBe('first');
    rmSync(file);
    expect(password.reveal()).toBe('first');
    writeFileSync(file, 'second');
    expect(password.reveal()).toBe('second');
  });

  it('is the new one in the middle of a value, too', () => {
    const file = ownFile('first');
    const more = `ledger: {url: "postgres://us:\${file:${file}}@db.example.org/sms"}`;
    const { url } = configOf(loadedFrom(yamlWith({ more }))).ledger;
    writeFileSync(file, 'second');
    expect(url.reveal()).toBe('postgres://us:second@db.example.org/sms');
  });

  it('is the new token of the EHR', () => {
    const file = ownFile('first\n');
    const { token } = configOf(bearer(file)).destination.auth;
    expect(token.reveal()).toBe('first');
    writeFileSync(file, 'second\n');
    expect(token.reveal()).toBe('second');
  });

  it.each([
    ['a password', byFile],
    ['a token', bearer],
  ])('that every user of the machine may read is warned of: %s (G3)', (_what, load) => {
    const file = ownFile('hunter2');
    expect(warningsOf(load(file))).toEqual([]);
    chmodSync(file, 0o644);
    expect(warningsOf(load(file))).toEqual([
      `${file} holds a secret and may be read by every user of this machine: chmod 600.`,
    ]);
  });

  it('may be open where it is none', () => {
    const { DIALOG_HEALTH_USERNAME: name = '', ...others } = leastEnvironment;
    const file = ownFile(name, { mode: 0o644 });
    expect(warningsOf(loadedBy({ ...others, ...withUser, DIALOG_HEALTH_USERNAME_FILE: file }))).toEqual([]);
  });
});

describe('passwords of users', () => {
  const openly = 'http.tls is not set: passwords cross the network unencrypted unless a proxy in front ends TLS.';

  it.each(['0.0.0.0', '"::"', '192.0.2.1'])('without TLS on %s are warned of', (host) => {
    expect(http(`host: ${host}`)).toEqual([openly]);
  });

  it.each(['127.0.0.1', 'localhost', '"::1"'])('without TLS on %s stay on the machine', (host) => {
    expect(http(`host: ${host}`)).toEqual([]);
  });

  it('with TLS are safe on any', () => {
    const pem = ownFile('PEM');
    expect(http(`host: 0.0.0.0, tls: {certificate: ${pem}, key: ${pem}}`)).toEqual([]);
  });
});
