import { PassThrough, Readable, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { commandLine } from '../../src/command-line.ts';
import { leastEnvironment } from '../config/written-config.ts';

/** Before anything is opened: mistakes of whoever asks about the past. */

class Kept extends Writable {
  text = '';
  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

async function refused(...args: readonly string[]): Promise<string> {
  const stderr = new Kept();
  const code = await commandLine(args, {
    env: { ...leastEnvironment, LEDGER_URL: 'sqlite:/nowhere/at/all/ledger.db' },
    stdin: Readable.from([]),
    stdout: new PassThrough(),
    stderr,
    now: () => Date.parse('2026-03-10T12:00:00Z'),
    stopped: new Promise(() => {}),
  });
  expect(code).toBe(2);
  return stderr.text;
}

const range = ['--from', '2026-01-01', '--to', '2026-02-01'];
const noSource = 'There is no source "NORTH1". Configured: dialog-health.';

describe.each(['backfill', 'resend'])('%s', (command) => {
  it.each([
    [[], '--from is missing'],
    [['--from', '2026-01-01'], '--to is missing'],
    [['--from', '2026-02-01', '--to', '2026-01-01'], '--from must be before --to'],
    [['--from', '2026-02-01', '--to', '2026-02-01'], '--from must be before --to'],
    [['--from', '2026-04-01', '--to', '2026-04-02'], '--from is in the future. Nothing can be read there yet.'],
    [['--from', '2026-03-01', '--to', '2026-03-11'], '--to is in the future. Nothing can be read there yet.'],
    [[...range, '--source', 'NORTH1'], noSource],
  ])('refuses %j', async (args, told) => {
    expect(await refused(command, ...args)).toContain(told);
  });
});

describe('resend', () => {
  it('says that a message may be named instead of a range, and that its source is known', async () => {
    expect(await refused('resend')).toContain('or one message by --key');
    expect(await refused('resend', '--key', 'k', '--source', 'dialog-health')).toContain('Leave --source out');
  });
});

describe('the order of a backfill', () => {
  it('is one of two', async () => {
    const told = await refused('backfill', ...range, '--order', 'random');
    expect(told).toBe('--order "random" is none. Give one of newest-first, oldest-first.\n');
  });
});

describe('accept-gap', () => {
  it.each([
    [range, '--source is missing'],
    [['--source', 'NORTH1', ...range], noSource],
    [['--source', 'NORTH1', '--from', '2026-01-01'], '--to is missing'],
    [['--source', 'NORTH1', '--from', '2026-02-01', '--to', '2026-01-01'], '--from must be before --to'],
    [['--source', 'NORTH1', ...range, '--by', 'otto\u0007'], '--by is no name of a user'],
  ])('refuses %j', async (args, told) => {
    expect(await refused('accept-gap', ...args)).toContain(told);
  });
});

describe('windows', () => {
  it.each([
    [['--source', 'NORTH1'], noSource],
    [['--from', '2026-02-01', '--to', '2026-01-01'], '--from must be before --to'],
    [['--limit', '0'], '--limit "0" is no number of windows'],
  ])('refuses %j', async (args, told) => {
    expect(await refused('windows', ...args)).toContain(told);
  });
});
