import { describe, expect, it } from 'vitest';
import type { RunReport } from '../../../src/exchange/reports.ts';
import { isoInstant, type Instant } from '../../../src/exchange/window.ts';
import { BadCursor } from '../../../src/ledger/ledger.ts';
import { ledgerInEachTest, type NewPlace } from './place.ts';
import { claimDue, message, rows, settleClaimed, source } from './rows.ts';

const runId = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

function run(n: number, startedAt: Instant, sources: readonly string[] = [source]): RunReport {
  const counts = {
    windows: 0,
    read: 0,
    new: 0,
    changed: 0,
    unchanged: 0,
    resent: 0,
    unreadable: 0,
    vanished: 0,
    problems: {},
  };
  return {
    id: runId(n),
    trigger: 'api',
    state: 'running',
    startedAt: isoInstant(startedAt),
    finishedAt: null,
    sources: sources.map((name) => ({ name, ...counts })),
    delivery: { delivered: 0, pending: 0, waiting: 0, rejected: 0, skipped: 0, problems: {}, counts: {} },
  };
}

export function bookkeepingContract(newPlace: NewPlace): void {
  const test = ledgerInEachTest(newPlace);
  const done = (report: RunReport): RunReport => ({ ...report, state: 'done', finishedAt: isoInstant(test.clock.at) });

  describe('the history of runs', () => {
    it('keeps a report from its beginning to its end', async () => {
      const begun = run(1, test.clock.at);
      expect(await test.ledger.runs.get(begun.id)).toBeUndefined();
      await test.ledger.runs.begin(begun);
      expect(await test.ledger.runs.get(begun.id)).toEqual(begun);
      await test.ledger.runs.update(done(begun));
      expect(await test.ledger.runs.get(begun.id)).toEqual(done(begun));
    });

    it('reads a report of 0.1.0, which counted nothing', async () => {
      const { delivery, ...report } = run(1, 0);
      const { counts: _, ...before } = delivery;
      const stored: object = { ...report, delivery: before };
      await test.ledger.runs.begin(Object.assign(run(1, 0), stored));
      expect(await test.ledger.runs.get(report.id)).toEqual(run(1, 0));
      expect((await test.ledger.runs.list({ limit: 1 })).items).toEqual([run(1, 0)]);
    });

    it('knows which run an Idempotency-Key started', async () => {
      await test.ledger.runs.begin(run(1, test.clock.at), 'key-1');
      await test.ledger.runs.begin(run(2, test.clock.at));
      expect(await test.ledger.runs.recall('key-1')).toBe(runId(1));
      expect(await test.ledger.runs.recall('key-2')).toBeUndefined();
    });

    it('stores run and Idempotency-Key together or not at all', async () => {
      await test.ledger.runs.begin(run(1, test.clock.at), 'key-1');
      await expect(test.ledger.runs.begin(run(2, test.clock.at), 'key-1')).rejects.toThrow(/unique/i);
      expect(await test.ledger.runs.get(runId(2))).toBeUndefined();
      expect((await test.ledger.runs.last(source))?.id).toBe(runId(1));
    });

    it('lists the newest first, page by page', async () => {
      for (const n of [1, 2, 3]) await test.ledger.runs.begin(run(n, test.clock.at));
      const first = await test.ledger.runs.list({ limit: 2 });
      expect(first.items.map(({ id }) => id)).toEqual([runId(3), runId(2)]);
      const second = await test.ledger.runs.list({ limit: 2, cursor: first.next ?? '' });
      expect(second.items.map(({ id }) => id)).toEqual([runId(1)]);
      expect(second.next).toBeNull();
      await expect(test.ledger.runs.list({ limit: 2, cursor: 'x' })).rejects.toThrow(BadCursor);
    });

    it('knows the newest run that read a source', async () => {
      expect(await test.ledger.runs.last(source)).toBeUndefined();
      await test.ledger.runs.begin(run(1, test.clock.at, [source, 'another-clinic']));
      await test.ledger.runs.begin(run(2, test.clock.at, [source]));
      await test.ledger.runs.begin(run(3, test.clock.at, []));
      expect((await test.ledger.runs.last(source))?.id).toBe(runId(2));
      expect((await test.ledger.runs.last('another-clinic'))?.id).toBe(runId(1));
    });

    it('closes what a killed process left running, and nothing else', async () => {
      await test.ledger.runs.begin(run(1, test.clock.at));
      await test.ledger.runs.begin(run(2, test.clock.at));
      await test.ledger.runs.update(done(run(2, test.clock.at)));
      test.clock.pass({ minutes: 1 });
      expect(await test.ledger.runs.closeInterrupted(test.clock.at)).toBe(1);
      expect(await test.ledger.runs.get(runId(1))).toMatchObject({
        state: 'failed',
        finishedAt: '2026-03-10T12:01:00Z',
      });
      expect(await test.ledger.runs.get(runId(2))).toMatchObject({ state: 'done' });
      expect(await test.ledger.runs.closeInterrupted(test.clock.at)).toBe(0);
    });
  });

  describe('forgetting', () => {
    it('removes runs and windows of before, and keeps the newest run of each source', async () => {
      const { ledger } = test;
      const read = { source, window: { from: 0, to: 1 }, rows: 0 };
      const old = test.clock.at;
      await ledger.runs.begin(run(1, old, ['closed-clinic']));
      await ledger.runs.begin(run(2, old), 'key-2');
      await ledger.runs.begin(run(3, old));
      for (const n of [1, 2, 3]) await ledger.runs.update(done((await ledger.runs.get(runId(n))) ?? run(n, old)));
      await ledger.coverage.cover({ ...read, readAt: old }, { frontier: 1 });
      await ledger.messages.record(source, old, rows(message('a')));
      test.clock.pass({ days: 400 });
      await ledger.runs.begin(run(4, test.clock.at));
      await ledger.coverage.cover({ ...read, readAt: test.clock.at }, {});

      expect(await ledger.forget(test.clock.at)).toBe(3);
      expect((await ledger.runs.list({ limit: 10 })).items.map(({ id }) => id)).toEqual([runId(4), runId(1)]);
      expect((await ledger.runs.last('closed-clinic'))?.id).toBe(runId(1));
      expect(await ledger.runs.recall('key-2')).toBeUndefined();
      expect((await ledger.coverage.windows({}, { limit: 10 })).items).toHaveLength(1);
      expect((await ledger.coverage.state(source)).frontier).toBe(1);
      expect(await ledger.messages.record(source, test.clock.at, rows(message('a')))).toMatchObject({ known: 1 });
      expect(await ledger.forget(test.clock.at)).toBe(0);
    });

    it('keeps the only run of a source, however old', async () => {
      await test.ledger.runs.begin(done(run(1, test.clock.at)));
      test.clock.pass({ days: 4_000 });
      expect(await test.ledger.forget(test.clock.at)).toBe(0);
      expect((await test.ledger.runs.last(source))?.id).toBe(runId(1));
    });

    it('drops the content of what was kept out of the chart, which then cannot be released', async () => {
      const { ledger, clock } = test;
      await ledger.messages.record(source, clock.at, rows(message('a')));
      const [claim] = await claimDue(ledger, clock, 1);
      const key = claim?.record.key ?? '';
      await settleClaimed(ledger, clock, { state: 'skipped', key, problem: { code: 'not-for-a-chart' } });
      expect(await ledger.forget(clock.at)).toBe(0);
      clock.pass({ days: 1 });
      expect(await ledger.forget(clock.at)).toBe(1);
      expect(await ledger.messages.release({ key }, clock.at)).toBe(0);
      expect((await ledger.messages.counts()).skipped).toBe(1);
    });

    it('removes more than one slice', async () => {
      const windowRead = { source, window: { from: 0, to: 1 }, readAt: test.clock.at, rows: 0 };
      for (let n = 0; n < 1_001; n += 1) await test.ledger.coverage.cover(windowRead, {});
      test.clock.pass({ minutes: 1 });
      expect(await test.ledger.forget(test.clock.at)).toBe(1_001);
    });
  });

  describe('the canonical base', () => {
    it('is the one that the ledger was made with, for ever', async () => {
      expect(await test.ledger.keepCanonicalBase('https://fhir.example-health.org')).toBe(
        'https://fhir.example-health.org',
      );
      const ledger = await test.restart();
      expect(await ledger.keepCanonicalBase('https://other.example-health.org')).toBe(
        'https://fhir.example-health.org',
      );
    });
  });

  describe('the key secret', () => {
    it('is the one that the ledger was first used with, for ever; another is told apart by its fingerprint', async () => {
      expect(await test.ledger.keepKeySecret('fingerprint-1')).toBe('fingerprint-1');
      const ledger = await test.restart();
      expect(await ledger.keepKeySecret('fingerprint-2')).toBe('fingerprint-1');
      expect(await ledger.keepCanonicalBase('https://fhir.example-health.org')).toBe('https://fhir.example-health.org');
    });
  });
}
