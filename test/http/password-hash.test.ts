import { describe, expect, it } from 'vitest';
import { hashPassword, isPasswordHash, verifyPassword } from '../../src/http/password-hash.ts';

const [salt, hash] = ['A'.repeat(22), 'A'.repeat(43)];

describe('the hash of a password', () => {
  it.each([
    ['colons', 'one:two:three'],
    ['a colon alone', ':'],
    ['letters of all kinds', 'pä→ß✓🔑'],
    ['spaces around it', ' secret '],
    ['a thousand letters', 'x'.repeat(1000)],
  ])('knows one with %s again', async (_, password) => {
    expect(await verifyPassword(password, await hashPassword(password))).toBe(true);
  });

  it('knows no other', async () => {
    const stored = await hashPassword('one:two');
    const others = ['one', 'one:two ', '', stored];
    expect(await Promise.all(others.map((other) => verifyPassword(other, stored)))).toEqual(others.map(() => false));
  });

  it('is another one each time, without what compose files expand', async () => {
    const [first, second] = await Promise.all([hashPassword('secret'), hashPassword('secret')]);
    expect(first).not.toBe(second);
    expect([first, second].filter((each) => !/^scrypt:32768:8:3:[\w-]{22}:[\w-]{43}$/.test(each))).toEqual([]);
  });

  it('is known as one', async () => {
    expect(isPasswordHash(await hashPassword('secret'))).toBe(true);
  });

  it('may be one of less cost, made before', () => {
    expect(isPasswordHash(`scrypt:16384:8:1:${salt}:${hash}`)).toBe(true);
  });
});

describe('what is no hash', () => {
  it.each([
    ['nothing', ''],
    ['a password', 'secret'],
    ['one of another kind', '$2b$10$abcdefghijklmnopqrstuv'],
    ['one that is cut', `scrypt:32768:8:3:${salt}:${hash.slice(1)}`],
    ['one with a line break', `scrypt:32768:8:3:${salt}:${hash}\n`],
    ['one that takes a gigabyte', `scrypt:1048576:8:1:${salt}:${hash}`],
    ['one that takes more memory than is given', `scrypt:65536:16:1:${salt}:${hash}`],
    ['one that takes minutes', `scrypt:32768:8:99:${salt}:${hash}`],
    ['one whose cost is no power of two', `scrypt:30000:8:3:${salt}:${hash}`],
    ['one without cost', `scrypt:1:8:3:${salt}:${hash}`],
    ['one without blocks', `scrypt:32768:0:3:${salt}:${hash}`],
    ['one without passes', `scrypt:32768:8:0:${salt}:${hash}`],
  ])('is refused: %s', async (_what, text) => {
    expect(isPasswordHash(text)).toBe(false);
    await expect(verifyPassword('secret', text)).rejects.toThrow('this is no password hash');
  });
});
