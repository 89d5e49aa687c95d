import { describe, expect, it } from 'vitest';
import { loginCheck, type User } from '../../src/http/login.ts';

const minuteMs = 60_000;
const users: readonly User[] = [
  { name: 'vera', passwordHash: 'right', role: 'viewer' },
  { name: 'otto', passwordHash: 'good', role: 'operator' },
];

/** Checks take as long as the test wants: `finish` ends those under way. */
function desk(options: { readonly held?: boolean } = {}) {
  const checked: { password: string; hash: string }[] = [];
  const waiting: (() => void)[] = [];
  let now = 0;
  const check = loginCheck({
    users,
    now: () => now,
    key: Buffer.alloc(32, 7),
    verify: async (password, hash) => {
      checked.push({ password, hash });
      if (options.held === true) await new Promise<void>((resolve) => waiting.push(resolve));
      return password === hash;
    },
  });
  return {
    checked,
    pass: (ms: number) => void (now += ms),
    finish: () => waiting.splice(0).forEach((end) => end()),
    login: (name: string, password: string, address = '192.0.2.1') => check.answer({ name, password }, address),
    garbled: (address = '192.0.2.1') => check.answer(undefined, address),
  };
}

describe('a login', () => {
  it('is known by the right password', async () => {
    expect(await desk().login('vera', 'right')).toEqual({ kind: 'known', user: users[0] });
  });

  it.each([
    ['vera', 'wrong', 'wrong-password'],
    ['nobody', 'wrong', 'unknown-user'],
    ['nobody', 'right', 'unknown-user'],
    ['Vera', 'right', 'unknown-user'],
  ])('of %s with %s is refused: %s', async (name, password, reason) => {
    expect(await desk().login(name, password)).toEqual({ kind: 'refused', reason });
  });

  it('of nobody costs one check, as a wrong password does (H2)', async () => {
    const unknown = desk();
    await unknown.login('nobody', 'guess');
    const wrong = desk();
    await wrong.login('vera', 'guess');
    expect(unknown.checked).toEqual(wrong.checked);
    expect(wrong.checked).toHaveLength(1);
  });

  it('is remembered for ten minutes', async () => {
    const { login, checked, pass } = desk();
    for (let polls = 0; polls < 20; polls++) {
      await login('vera', 'right');
      pass(0.5 * minuteMs);
    }
    expect(checked).toHaveLength(1);
    await login('vera', 'right');
    expect(checked).toHaveLength(2);
  });

  it('is not remembered for another password or another user', async () => {
    const { login, checked } = desk();
    await login('vera', 'right');
    expect((await login('vera', 'wrong')).kind).toBe('refused');
    expect((await login('otto', 'right')).kind).toBe('refused');
    expect(checked).toHaveLength(3);
  });

  it('does not remember a wrong password', async () => {
    const { login, checked } = desk();
    await login('vera', 'wrong');
    await login('vera', 'wrong');
    expect(checked).toHaveLength(2);
  });

  it('is checked once for all requests of a page that is just opened', async () => {
    const { login, finish, checked } = desk({ held: true });
    const answers = Array.from({ length: 12 }, () => login('vera', 'right'));
    finish();
    expect((await Promise.all(answers)).map(({ kind }) => kind)).toEqual(Array(12).fill('known'));
    expect(checked).toHaveLength(1);
  });
});

describe('failures', () => {
  it('of one name from one address hold that name back there', async () => {
    const { login, checked } = desk();
    for (let tries = 0; tries < 5; tries++) await login('vera', `guess ${tries}`);
    expect(await login('vera', 'right')).toEqual({ kind: 'throttled', waitMs: minuteMs, first: true });
    expect(await login('vera', 'right')).toMatchObject({ kind: 'throttled', first: false });
    expect((await login('otto', 'good')).kind).toBe('known');
    expect((await login('vera', 'right', '192.0.2.2')).kind).toBe('known');
    expect(checked).toHaveLength(7);
  });

  it('made at the same moment see each other', async () => {
    const { login, finish, checked } = desk({ held: true });
    const answers = Array.from({ length: 20 }, (_, guess) => login('vera', `guess ${guess}`));
    finish();
    const kinds = (await Promise.all(answers)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'throttled')).toHaveLength(15);
    expect(checked).toHaveLength(5);
  });

  it('are forgiven by the right password', async () => {
    const { login } = desk();
    for (let tries = 0; tries < 4; tries++) await login('vera', `guess ${tries}`);
    expect((await login('vera', 'right')).kind).toBe('known');
    for (let tries = 0; tries < 4; tries++) await login('vera', `guess ${tries}`);
    expect((await login('vera', 'right')).kind).toBe('known');
  });

  it('are not forgiven by a remembered login, whose polling would make guessing free', async () => {
    const { login, checked } = desk();
    await login('vera', 'right');
    for (let tries = 0; tries < 20; tries++) {
      await login('vera', `guess ${tries}`);
      await login('vera', 'right');
    }
    expect(checked).toHaveLength(1 + 5);
  });

  it('of many names hold their address back, but not who is logged in there', async () => {
    const { login } = desk();
    await login('vera', 'right');
    for (let tries = 0; tries < 30; tries++) await login(`name ${tries}`, 'guess');
    expect((await login('name 30', 'guess')).kind).toBe('throttled');
    expect((await login('otto', 'good')).kind).toBe('throttled');
    expect((await login('vera', 'right')).kind).toBe('known');
  });

  it('allow no guessing of the password of who is logged in', async () => {
    const { login } = desk();
    await login('vera', 'right');
    for (let tries = 0; tries < 5; tries++) await login('vera', `guess ${tries}`);
    expect((await login('vera', 'right')).kind).toBe('throttled');
  });

  it('count for all addresses that one IPv6 machine can take', async () => {
    const { login } = desk();
    for (let tries = 0; tries < 5; tries++) await login('vera', `guess ${tries}`, `2001:db8:1:2::${tries}`);
    expect((await login('vera', 'right', '2001:db8:1:2:ffff::1')).kind).toBe('throttled');
    expect((await login('vera', 'right', '2001:db8:1:3::1')).kind).toBe('known');
  });

  it('include headers that cannot be read', async () => {
    const { garbled } = desk();
    for (let tries = 0; tries < 30; tries++) expect((await garbled()).kind).toBe('refused');
    expect(await garbled()).toMatchObject({ kind: 'throttled', waitMs: 10_000 });
    expect((await garbled('192.0.2.2')).kind).toBe('refused');
  });

  it('end with time', async () => {
    const { login, pass } = desk();
    for (let tries = 0; tries < 5; tries++) await login('vera', `guess ${tries}`);
    pass(minuteMs - 1);
    expect((await login('vera', 'right')).kind).toBe('throttled');
    pass(1);
    expect((await login('vera', 'right')).kind).toBe('known');
  });
});

describe('many logins at once', () => {
  it('are turned away beyond what the machine can check', async () => {
    const { login, finish, checked } = desk({ held: true });
    const answers = Array.from({ length: 40 }, (_, guess) => login('vera', 'guess', `192.0.2.${guess}`));
    const others = Array.from({ length: 40 }, (_, guess) => login('vera', `guess ${guess}`, `198.51.100.${guess}`));
    finish();
    const kinds = (await Promise.all([...answers, ...others])).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'busy')).toHaveLength(9);
    expect(checked).toHaveLength(32);
  });
});
