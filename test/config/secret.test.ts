import { format, inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/config/secret.ts';

const canary = 'canary-7f3a';
const printed: readonly (readonly [string, (secret: Secret) => string])[] = [
  ['in a template', (secret) => `a ${String(secret)}`],
  ['joined to a text', (secret) => 'a ' + String(secret)],
  ['as JSON', (secret) => JSON.stringify({ secret })],
  ['by the console', (secret) => format('%s %o %j', secret, secret, secret)],
  ['with all that is hidden', (secret) => inspect({ secret }, { showHidden: true, depth: null, getters: true })],
  ['in an error', (secret) => String(new Error(`refused ${String(secret)}`, { cause: secret }))],
  ['by its members', (secret) => JSON.stringify([Object.entries(secret), Object.assign({}, secret)])],
  ['in a list', (secret) => [secret].join()],
];

describe('a secret', () => {
  it('is told to whoever asks for it', () => {
    expect(new Secret(canary).reveal()).toBe(canary);
  });

  it.each(printed)('is not printed %s', (_way, print) => {
    expect(print(new Secret(canary))).not.toContain(canary);
  });

  it('is shown as stars, as what may be shown, or as nothing where nothing is set', () => {
    expect([new Secret(canary), new Secret(canary, 'postgres://host/db'), new Secret('')].map(String)).toEqual([
      '***',
      'postgres://host/db',
      '',
    ]);
  });

  it('that is renewed is the new one from then on', () => {
    let present = 'first';
    const secret = new Secret('first').follow(() => present);
    present = 'second';
    expect(secret.reveal()).toBe('second');
  });

  it.each([undefined, ''])('stays the last one while it cannot be read (%s)', (nothing) => {
    const answers = ['second', nothing];
    const secret = new Secret('first').follow(() => answers.shift());
    expect([secret.reveal(), secret.reveal()]).toEqual(['second', 'second']);
  });

  it('that is renewed is not printed either', () => {
    const secret = new Secret('first').follow(() => canary);
    secret.reveal();
    expect(printed.filter(([, print]) => print(secret).includes(canary))).toEqual([]);
  });
});
