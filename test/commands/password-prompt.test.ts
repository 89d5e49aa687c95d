import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { hashPasswordCommand } from '../../src/commands/hash-password.ts';
import { verifyPassword } from '../../src/http/password-hash.ts';

/** Types keys at a terminal that shows whatever is written to it. */
async function typed(keys: string) {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const stopped = Promise.withResolvers<'SIGTERM' | 'SIGINT'>().promise;
  const ended = hashPasswordCommand.run([], { env: {}, stdin, stdout, stderr, now: () => 0, stopped });
  stdin.write(keys);
  const outcome = await ended.then(
    (code) => ({ code }),
    (error: unknown) => ({ refused: error instanceof Error ? error.message : String(error) }),
  );
  stdout.end();
  stderr.end();
  return { ...outcome, stdout: await text(stdout), stderr: await text(stderr) };
}

describe('hash-password at a terminal', () => {
  it('asks, shows nothing of what is typed, and prints the hash alone', async () => {
    const { stdout, stderr, ...outcome } = await typed('one:two ü\r');
    expect({ ...outcome, stderr }).toEqual({ code: 0, stderr: 'Password (not shown): \n' });
    expect(stdout).toMatch(/^\S+\n$/);
    expect(await verifyPassword('one:two ü', stdout.trimEnd())).toBe(true);
  });

  it('takes back what is deleted', async () => {
    const { stdout } = await typed('secrex\u007ft\r');
    expect(await verifyPassword('secret', stdout.trimEnd())).toBe(true);
  });

  it.each([
    ['Enter alone', '\r'],
    ['Ctrl-C', 'secret\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('prints no hash after %s', async (_key, keys) => {
    expect(await typed(keys)).toEqual({
      refused: 'The password is empty. Type it, or send it to standard input.',
      stdout: '',
      stderr: 'Password (not shown): \n',
    });
  });
});
