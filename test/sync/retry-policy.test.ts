import { describe, expect, it } from 'vitest';
import { contentDigest } from '../../src/exchange/content-digest.ts';
import { problemCodes, problemKind, type ProblemCode } from '../../src/exchange/problem.ts';
import { dayMs, minuteMs } from '../../src/exchange/window.ts';
import { backOffMs, longestBackOffMs, rememberSent, settlementOf } from '../../src/sync/retry-policy.ts';

const now = Date.parse('2026-03-10T12:00:00Z');
const most = (): number => 0.999_999;
const refused = (code: ProblemCode, retryAfterMs?: number) => ({
  kind: 'refused' as const,
  key: 'k',
  problem: { code, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
});
const tried = { token: 7, attempt: 1, firstReadAt: now, unsure: false };

describe('what becomes of a record after one try', () => {
  it('is delivered when the EHR accepted it', () => {
    const outcome = {
      kind: 'accepted',
      key: 'k',
      reference: 'Communication/k',
      version: '2',
      change: 'updated',
    } as const;
    expect(settlementOf(outcome, tried, dayMs, now, most)).toEqual({
      state: 'delivered',
      key: 'k',
      token: 7,
      reference: 'Communication/k',
      version: '2',
    });
  });

  it('never rejects what is transient or concerns the whole EHR, however often it was tried', () => {
    for (const code of problemCodes) {
      const kind = problemKind(code);
      if (kind.class === 'permanent' && kind.scope === 'record') continue;
      if (kind.class === 'waiting') continue;
      expect(
        settlementOf(refused(code), { ...tried, attempt: 500, firstReadAt: 0 }, dayMs, now, most).state,
        code,
      ).toBe('pending');
    }
  });

  it('rejects a record for a fault of its own that is permanent', () => {
    expect(settlementOf(refused('resource-refused'), tried, dayMs, now, most)).toMatchObject({ state: 'rejected' });
  });

  it('waits for a missing Patient ever more slowly, and rejects when patient.maxWait has passed', () => {
    const young = settlementOf(refused('patient-not-found'), tried, dayMs, now, () => 0);
    const old = settlementOf(
      refused('patient-not-found'),
      { ...tried, firstReadAt: now - dayMs / 2 },
      dayMs,
      now,
      () => 0,
    );
    const tooOld = settlementOf(
      refused('patient-not-found'),
      { ...tried, firstReadAt: now - dayMs },
      dayMs,
      now,
      () => 0,
    );
    expect(young).toMatchObject({ state: 'waiting', dueAt: now + minuteMs });
    expect(old).toMatchObject({ state: 'waiting', dueAt: now + longestBackOffMs });
    expect(tooOld).toMatchObject({ state: 'rejected', problem: { code: 'patient-not-found' } });
  });

  it('looks at the EHR before it sends again what may have arrived', () => {
    expect(settlementOf(refused('ehr-answer-lost'), tried, dayMs, now, most)).toMatchObject({
      state: 'pending',
      unsure: true,
    });
    expect(settlementOf(refused('ehr-unreachable'), tried, dayMs, now, most)).toMatchObject({ unsure: false });
  });

  it('looks again when a look could not be made, until one was', () => {
    const unsure = { ...tried, unsure: true };
    for (const code of ['ehr-unreachable', 'ehr-unauthorized', 'record-throttled', 'ehr-unsuitable'] as const) {
      expect(settlementOf(refused(code), unsure, dayMs, now, most), code).toMatchObject({ unsure: true });
    }
  });

  it('waits at least as long as the EHR asked', () => {
    const settlement = settlementOf(refused('record-throttled', 90_000), tried, dayMs, now, () => 0);
    expect(settlement).toMatchObject({ dueAt: now + 90_000 });
  });
});

describe('the back-off', () => {
  it('doubles from a second to a quarter of an hour and stays within its jitter', () => {
    expect([1, 2, 3, 4].map((failures) => backOffMs(failures, most))).toEqual([1000, 2000, 4000, 8000]);
    expect(backOffMs(1, () => 0)).toBe(500);
    expect(backOffMs(1000, most)).toBe(longestBackOffMs);
  });
});

describe('what was sent when the answer was lost', () => {
  const settledAs = (code: ProblemCode) => settlementOf(refused(code), tried, dayMs, now, most);
  const sent = { resourceType: 'Communication', status: 'completed', id: 'k' };

  it('is kept by its digest, beside what may have arrived before', () => {
    const digest = contentDigest(sent);
    expect(rememberSent(settledAs('ehr-answer-lost'), sent)).toMatchObject({ unsure: true, sentDigests: [digest] });
    expect(rememberSent(settledAs('record-answer-lost'), sent, ['a'])).toMatchObject({ sentDigests: ['a', digest] });
    expect(rememberSent(settledAs('ehr-answer-lost'), sent, [digest])).toMatchObject({ sentDigests: [digest] });
  });

  it('is no more than the last eight', () => {
    const before = Array.from({ length: 8 }, (_, index) => `${index}`);
    const settlement = rememberSent(settledAs('ehr-answer-lost'), sent, before);
    expect(settlement).toMatchObject({ sentDigests: [...before.slice(1), contentDigest(sent)] });
  });

  it.each<ProblemCode>(['ehr-unreachable', 'version-conflict', 'resource-refused', 'patient-not-found'])(
    'is not kept where it cannot have arrived (%s)',
    (code) => {
      expect(rememberSent(settledAs(code), sent)).toEqual(settledAs(code));
    },
  );
});
