import { assert, asyncProperty, constantFrom, integer, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../../../src/destinations/fhir-server/answer.ts';
import type { BundleType } from '../../../../src/destinations/fhir-server/capabilities.ts';
import { sendWrites } from '../../../../src/destinations/fhir-server/writing/bisect.ts';
import { writeOf, type Write } from '../../../../src/destinations/fhir-server/writing/bundle.ts';
import {
  bundleExperience,
  type BundleExperience,
} from '../../../../src/destinations/fhir-server/writing/bundle-experience.ts';
import type { DeliveryOutcome } from '../../../../src/exchange/delivery.ts';
import { expectOneEach } from '../../destination-contract.ts';
import { delivery } from '../../example-deliveries.ts';
import { outcome } from '../../scripted-ehr.ts';
import { wordsOf } from '../../served.ts';

const writes = (count: number): readonly Write[] =>
  Array.from({ length: count }, (_, number) => {
    const one = delivery(number);
    return writeOf(one, { kind: 'id', id: one.key, known: false });
  });

const roomy = { maxEntries: 100, maxBytes: 10_000_000 };
const whole = (bundle: BundleType, batchWorks: boolean, limits = roomy) =>
  bundleExperience({ bundle, batchWorks }, limits);

const taken = (group: readonly Write[]): Answer => ({
  kind: 'answered',
  status: 200,
  body: { resourceType: 'Bundle', type: 'batch-response', entry: group.map(() => ({ response: { status: '201' } })) },
});

const single = ([one]: readonly Write[]): Answer => ({
  kind: 'answered',
  status: 201,
  body: {},
  location: `Communication/${one?.delivery.key}/_history/1`,
});

const refusedWhole: Answer = { kind: 'answered', status: 400, body: outcome('processing', 'HAPI-0450: unreadable') };

/** An EHR that refuses every Bundle with one of these in it. */
async function sendTo(
  all: readonly Write[],
  experience: BundleExperience,
  answerTo: (type: BundleType, group: readonly Write[], nth: number) => Answer,
) {
  const sent: { readonly type: BundleType; readonly size: number }[] = [];
  const outcomes = await sendWrites(all, experience, (type, group) => {
    sent.push({ type, size: group.length });
    return Promise.resolve(answerTo(type, group, sent.length));
  });
  expectOneEach(
    all.map((one) => one.delivery),
    outcomes,
  );
  return { outcomes, sent };
}

const refusing = (bad: ReadonlySet<string>) => (_: BundleType, group: readonly Write[]) =>
  group.some((one) => bad.has(one.delivery.key)) ? refusedWhole : taken(group);

/** An EHR that takes no Bundles of these types. */
const refuses =
  (...types: readonly BundleType[]) =>
  (type: BundleType, group: readonly Write[]): Answer => {
    if (types.includes(type)) return { kind: 'answered', status: 405, body: undefined };
    return type === 'none' ? { kind: 'answered', status: 201, body: {} } : taken(group);
  };

const keysRefused = (outcomes: readonly DeliveryOutcome[]): readonly string[] =>
  outcomes.flatMap((each) => (each.kind === 'refused' ? [each.key] : []));

describe('a Bundle that is refused whole', () => {
  it('goes down to exactly the messages at fault, in few requests', async () => {
    const positions = uniqueArray(integer({ min: 0, max: 99 }), { maxLength: 5 });
    await assert(
      asyncProperty(
        integer({ min: 1, max: 100 }),
        positions,
        constantFrom(true, false),
        async (count, places, batchWorks) => {
          const all = writes(count);
          const bad = all.filter((_, index) => places.includes(index)).map((one) => one.delivery.key);
          const { outcomes, sent } = await sendTo(all, whole('transaction', batchWorks), refusing(new Set(bad)));
          expect(keysRefused(outcomes).toSorted()).toEqual(bad.toSorted());
          expect(sent.length).toBeLessThanOrEqual(2 * bad.length * Math.ceil(Math.log2(Math.max(count, 2))) + 2);
        },
      ),
    );
  });

  it('says of a message at fault what is wrong with it', async () => {
    const all = writes(8);
    const { outcomes } = await sendTo(all, whole('batch', true), refusing(new Set([delivery(3).key])));
    expect(outcomes.filter(({ kind }) => kind === 'refused')).toEqual([
      {
        kind: 'refused',
        key: delivery(3).key,
        problem: { code: 'resource-refused', httpStatus: 400, issue: 'processing HAPI-0450' },
      },
    ]);
  });

  it.each([401, 403, 429, 500, 503, 302])('for %i is sent once, and nothing after it', async (status) => {
    const all = writes(250);
    const { outcomes, sent } = await sendTo(all, whole('batch', true), (_, group, nth) =>
      nth === 1 ? taken(group) : { kind: 'answered', status, body: undefined },
    );
    expect(sent).toHaveLength(2);
    expect(outcomes.filter(({ kind }) => kind === 'accepted')).toHaveLength(100);
  });

  it('stops in the middle of the search when the connection breaks; what was not sent is not unsure', async () => {
    const all = writes(8);
    const { outcomes, sent } = await sendTo(all, whole('batch', true), (_, group, nth) =>
      nth === 2
        ? { kind: 'failed', problem: { code: 'ehr-answer-lost' } }
        : refusing(new Set([delivery(7).key]))('batch', group),
    );
    expect(sent).toHaveLength(2);
    expect(wordsOf(outcomes)).toEqual([
      ...Array.from({ length: 4 }, () => 'ehr-answer-lost'),
      ...Array.from({ length: 4 }, () => 'ehr-unreachable'),
    ]);
  });

  it('by something that speaks no FHIR is no fault of a message, unless others get through', async () => {
    const page: Answer = { kind: 'answered', status: 400, body: undefined };
    const none = await sendTo(writes(4), whole('batch', true), () => page);
    expect(wordsOf(none.outcomes)).toEqual(Array.from({ length: 4 }, () => 'ehr-unexpected-answer'));
    const one = await sendTo(writes(4), whole('batch', true), (_, group) =>
      group.some((each) => each.delivery.key === delivery(2).key) ? page : taken(group),
    );
    expect(wordsOf(one.outcomes)).toEqual(['created', 'created', 'record-answer-lost', 'created']);
  });
});

describe('a transaction', () => {
  it('refused for its content goes once as batch', async () => {
    const { sent } = await sendTo(writes(8), whole('transaction', true), (type, group) =>
      type === 'transaction' ? refusedWhole : taken(group),
    );
    expect(sent).toEqual([
      { type: 'transaction', size: 8 },
      { type: 'batch', size: 8 },
    ]);
  });

  it('is left out for more and more Bundles while it keeps being refused, and comes back when it is taken', async () => {
    const experience = whole('transaction', true, { ...roomy, maxEntries: 2 });
    const refused = await sendTo(writes(100), experience, (type, group) =>
      type === 'transaction' ? refusedWhole : taken(group),
    );
    // 50 Bundles: each transaction in vain is followed by its batch and by 1, 3, 7, … Bundles that go as batch.
    expect(refused.sent.filter(({ type }) => type === 'transaction')).toHaveLength(5);
    expect(refused.sent).toHaveLength(55);
    const again = await sendTo(writes(100), experience, (_, group) => taken(group));
    expect(again.sent.slice(-10).map(({ type }) => type)).toEqual(Array.from({ length: 10 }, () => 'transaction'));
  });

  it('goes as batch the next time when the server fails on it: one message may be what it fails on', async () => {
    const experience = whole('transaction', true);
    const fails: Answer = { kind: 'answered', status: 500, body: outcome('exception', 'NullPointerException') };
    await sendTo(writes(3), experience, () => fails);
    const { sent } = await sendTo(writes(3), experience, (_, group) => taken(group));
    expect(sent).toEqual([{ type: 'batch', size: 3 }]);
  });

  it.each(['batch', 'transaction', 'none'] as const)(
    'sent by %s: a server that fails on one message gets the others, and that one is named',
    async (type) => {
      const all = writes(100);
      const experience = whole(type, false);
      const fails: Answer = { kind: 'answered', status: 500, body: outcome('exception', 'NullPointerException') };
      const poison = all[62]?.delivery.key ?? '';
      const answers = (_: BundleType, group: readonly Write[]): Answer =>
        group.some(({ delivery: { key } }) => key === poison) ? fails : type === 'none' ? single(group) : taken(group);
      let left: readonly Write[] = all;
      for (let tries = 0; tries < 4 && left.length > 1; tries += 1) {
        const { outcomes } = await sendTo(left, experience, answers);
        const done = new Set(outcomes.flatMap((one) => (one.kind === 'accepted' ? [one.key] : [])));
        left = left.filter(({ delivery: { key } }) => !done.has(key));
      }
      expect(left.map(({ delivery: { key } }) => key)).toEqual([poison]);
      const { outcomes } = await sendTo(left, experience, answers);
      expect(outcomes).toMatchObject([{ kind: 'refused', problem: { httpStatus: 500 } }]);
    },
  );

  it('asks a server that fails on everything a few times, and lets the rest wait', async () => {
    const experience = whole('batch', true);
    const fails: Answer = { kind: 'answered', status: 500, body: outcome('exception', 'down') };
    for (let tries = 0; tries < 3; tries += 1) {
      const { sent } = await sendTo(writes(100), experience, () => fails);
      expect(sent.length).toBeLessThanOrEqual(9);
    }
    const { outcomes } = await sendTo(writes(100), experience, () => fails);
    const codes = new Set(outcomes.map((one) => (one.kind === 'refused' ? one.problem.code : one.kind)));
    expect(codes).toContain('ehr-server-error');
  });

  it('is cut in two where the EHR takes no batch', async () => {
    const { sent, outcomes } = await sendTo(
      writes(4),
      whole('transaction', false),
      refusing(new Set([delivery(0).key])),
    );
    expect(new Set(sent.map(({ type }) => type))).toEqual(new Set(['transaction']));
    expect(keysRefused(outcomes)).toEqual([delivery(0).key]);
  });
});

describe('a Bundle that is too large', () => {
  it.each([
    ['in bytes', { kind: 'answered', status: 413, body: undefined }],
    ['in entries', { kind: 'answered', status: 400, body: outcome('too-costly') }],
  ] satisfies [string, Answer][])('%s is halved until it fits, and the size is remembered', async (_, tooLarge) => {
    const experience = whole('batch', true);
    const upTo8 = (_: BundleType, group: readonly Write[]): Answer => (group.length > 8 ? tooLarge : taken(group));
    const first = await sendTo(writes(64), experience, upTo8);
    expect(first.outcomes.every(({ kind }) => kind === 'accepted')).toBe(true);
    const second = await sendTo(writes(64), experience, upTo8);
    expect(second.sent.every(({ size }) => size <= 8)).toBe(true);
    expect(second.sent.length).toBeLessThanOrEqual(10);
  });

  it('with one message in it is that message’s problem', async () => {
    const { outcomes, sent } = await sendTo(writes(1), whole('batch', true), () => ({
      kind: 'answered',
      status: 413,
      body: undefined,
    }));
    expect(sent).toHaveLength(1);
    expect(wordsOf(outcomes)).toEqual(['resource-too-large']);
  });
});

describe('a Bundle of a type that the EHR does not take after all', () => {
  it('goes as batch, then one by one, and that is remembered', async () => {
    const experience = whole('transaction', true);
    const batch = await sendTo(writes(3), experience, refuses('transaction'));
    expect(batch.sent.map(({ type }) => type)).toEqual(['transaction', 'batch']);
    const single = await sendTo(writes(3), experience, refuses('transaction', 'batch'));
    expect(single.sent.map(({ type }) => type)).toEqual(['batch', 'none', 'none', 'none']);
    const remembered = await sendTo(writes(3), experience, refuses('transaction', 'batch'));
    expect(remembered.sent.map(({ type }) => type)).toEqual(['none', 'none', 'none']);
    expect(wordsOf(remembered.outcomes)).toEqual(['created', 'created', 'created']);
  });
});
