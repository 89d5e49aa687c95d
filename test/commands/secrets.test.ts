import { describe, expect, it } from 'vitest';
import { verifyPassword } from '../../src/http/password-hash.ts';
import { runProgram } from '../support/program.ts';

const hashed = (stdin: string) => runProgram(['hash-password'], { stdin });

describe('hash-password', () => {
  it.each([
    ['without a line break', 'one:two $x ü', 'one:two $x ü'],
    ['with one', 'secret\n', 'secret'],
    ['with one of Windows', 'secret\r\n', 'secret'],
    ['with spaces at its ends', ' secret ', ' secret '],
  ])('prints the hash of a password %s, alone on one line', async (_how, stdin, password) => {
    const { code, stdout, stderr } = await hashed(stdin);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^\S+\n$/);
    expect(stdout).not.toContain(password.trim());
    expect(await verifyPassword(password, stdout.trimEnd())).toBe(true);
  });

  it.each(['', '\n', '\r\n'])('refuses an empty password (%j)', async (stdin) => {
    expect(await hashed(stdin)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'The password is empty. Type it, or send it to standard input.\n',
    });
  });

  it.each(['two\nlines\n', 'tab\there', 'nothing\0', 'twice\n\n'])(
    'refuses what HTTP Basic cannot carry, and does not repeat it (%j)',
    async (stdin) => {
      expect(await hashed(stdin)).toMatchObject({
        code: 2,
        stdout: '',
        stderr: 'The password holds a control character. Give it on one line.\n',
      });
    },
  );

  it('takes no password from the command line, where others would see it', async () => {
    expect(await runProgram(['hash-password', 'secret'])).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('generate-key', () => {
  it('prints a new key of 32 bytes, alone on one line', async () => {
    const [first, second] = await Promise.all([runProgram(['generate-key']), runProgram(['generate-key'])]);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
    expect(Buffer.from(first.stdout, 'base64')).toHaveLength(32);
    expect(first.stdout).not.toBe(second.stdout);
  });
});
