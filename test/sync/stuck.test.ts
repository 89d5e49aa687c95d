import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProblemCode } from '../../src/exchange/problem.ts';
import { dayMs, hourMs, minuteMs, type Instant, type TimeWindow } from '../../src/exchange/window.ts';
import type { Ledger, NewPiece } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { takeIn } from '../../src/sync/intake.ts';
import { asked } from '../../src/sync/window-plan.ts';
import { keptAudit, message, reading, scriptedSource } from '../support/scripted.ts';
import { limits, swept } from './reading.ts';

const now = Date.parse('2026-04-20T12:00:00Z');
const source = 'main-clinic';
let folder: string;
let ledger: Ledger;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stuck-'));
  ledger = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}`, access: 'owner', now: () => now });
});

afterEach(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

const minute = (at: Instant): TimeWindow => ({ from: at, to: at + minuteMs });

function piece(window: TimeWindow, state: NewPiece['state'], code: ProblemCode = 'source-incomplete-answer'): NewPiece {
  return { tier: 'cold', window, state, failures: state === 'stuck' ? 1 : 0, code, dueAt: now };
}

/** Everything else has just been read. */
async function leftOpen(...opens: readonly NewPiece[]): Promise<void> {
  await ledger.coverage.begin(source, limits.startAt);
  const read = { source, window: { from: limits.startAt, to: now - 2 * minuteMs }, readAt: now, rows: 0 };
  await ledger.coverage.cover(read, { frontier: read.window.to, tiers: swept(now), opens });
}

/** One run with a vendor that breaks off whatever holds one of these minutes. */
async function run(poison: readonly Instant[], code: ProblemCode = 'source-incomplete-answer') {
  const vendor = scriptedSource(source);
  const read: typeof vendor.read = (window) => {
    vendor.asked.push(window);
    const broken = poison.some((at) => window.from + minuteMs <= at && at < window.to - minuteMs);
    return Promise.resolve(
      broken ? { kind: 'failed', problem: { code }, rows: 0 } : { kind: 'complete', rows: 0, bytes: 2 },
    );
  };
  const result = await takeIn(
    { ledger, audit: keptAudit().audit, now: () => now, recorded: () => {}, reached: () => {} },
    { runId: 'run', source: { ...vendor, read }, limits, signal: new AbortController().signal },
  );
  return { ...result, asked: vendor.asked };
}

describe('an empty answer where messages are known', () => {
  it.each(['cold', 'tail'] as const)(
    'is believed by the third poll, whatever comes for other windows meanwhile (%s)',
    async (tier) => {
      const at = now - dayMs;
      const known = Array.from({ length: 30 }, (_, hour) =>
        reading({ ...message(`m${hour}`), occurredAt: at - 30 * hourMs + hour * hourMs }),
      );
      await ledger.messages.record(source, now - dayMs, known);
      const parts = [30, 20, 10].map((hours) => ({ from: at - hours * hourMs, to: at - (hours - 10) * hourMs }));
      await leftOpen(...parts.map((part) => ({ ...piece(part, 'queued'), tier })));
      const left = async () => (await ledger.coverage.state(source)).pieces.length;
      for (const expected of [3, 3, 0]) {
        const { report } = await run([]);
        expect(report.problems).toEqual({ 'source-empty-answer': expect.any(Number) });
        expect(await left()).toBe(expected);
      }
    },
  );
});

describe('what is stuck', () => {
  const [first, second, third] = [now - dayMs, now - dayMs + minuteMs, now - dayMs + 2 * minuteMs] as const;
  const queued = { from: now - 20 * hourMs, to: now - 19 * hourMs };

  it.each(['source-incomplete-answer', 'source-too-large', 'source-timeout'] as const)(
    'keeps no other piece of its tier waiting (%s)',
    async (code) => {
      await leftOpen(
        piece(minute(first), 'stuck', code),
        piece(minute(second), 'stuck', code),
        piece(queued, 'queued'),
      );
      const { problem } = await run([first, second], code);
      const { pieces } = await ledger.coverage.state(source);
      expect(pieces.map(({ window }) => window)).toEqual([minute(first), minute(second)]);
      expect(problem).toBeUndefined();
    },
  );

  it('is tried twice in a run at most: each time may be a timeout', async () => {
    await leftOpen(piece(minute(first), 'stuck'), piece(minute(second), 'stuck'), piece(minute(third), 'stuck'));
    const { asked: windows } = await run([first, second, third]);
    expect(windows.slice(1)).toEqual([minute(first), minute(second)].map(asked));
    const { pieces } = await ledger.coverage.state(source);
    expect(pieces.map(({ failures }) => failures)).toEqual([2, 2, 1]);
  });
});

describe('a minute to which the vendor always answers something else than a list', () => {
  it.each(['source-unexpected-answer', 'source-server-error', 'source-refused'] as const)(
    'keeps nobody from what comes after it (%s)',
    async (code) => {
      const poison = now - 30 * minuteMs;
      await leftOpen();
      await ledger.coverage.cover(
        { source, window: { from: now - 2 * hourMs, to: now - hourMs }, readAt: now, rows: 0 },
        { frontier: now - hourMs },
      );
      for (let runs = 0; runs < 40; runs += 1) await run([poison], code);
      const { frontier, pieces } = await ledger.coverage.state(source);
      expect(frontier).toBe(now - 2 * minuteMs);
      expect(pieces.map(({ window, state }) => ({ window, state }))).toEqual(
        code === 'source-refused'
          ? [{ window: { from: expect.any(Number), to: expect.any(Number) }, state: 'stuck' }]
          : [{ window: minute(poison), state: 'stuck' }],
      );
    },
  );
});
