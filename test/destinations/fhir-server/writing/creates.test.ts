import { describe, expect, it } from 'vitest';
import type { Answer, Answered } from '../../../../src/destinations/fhir-server/answer.ts';
import type { WayOfWriting } from '../../../../src/destinations/fhir-server/capabilities.ts';
import {
  cutIntoBundles,
  questionOf,
  targetOf,
  writeOf,
  type Write,
} from '../../../../src/destinations/fhir-server/writing/bundle.ts';
import { readReply } from '../../../../src/destinations/fhir-server/writing/bundle-reply.ts';
import { identifierSearch } from '../../../../src/destinations/fhir-server/writing/search-value.ts';
import { delivery, deliveries, type DeliveryOptions } from '../../example-deliveries.ts';
import { outcome } from '../../scripted-ehr.ts';
import { wordsOf } from '../../served.ts';

const system = 'https://fhir.example-health.org/sid/sms-outgoing-message-id';
const search = (number: number) => identifierSearch({ system, value: `vendor-id-${number}` });

function write(number: number, way: WayOfWriting, options?: DeliveryOptions): Write {
  const one = delivery(number, options);
  const target = targetOf(one, way);
  if (target === undefined) throw new Error('no target');
  return writeOf(one, target);
}

const answer = (status: number, body?: unknown, more: Partial<Answered> = {}): Answer => ({
  kind: 'answered',
  status,
  body,
  ...more,
});
const reply = (...entry: readonly object[]) => ({ resourceType: 'Bundle', type: 'batch-response', entry });

/** What one entry of a batch comes to; it has a neighbour that was taken. */
function entryWord(one: Write, status: string, body?: object): unknown {
  const response = { status, ...(body === undefined ? {} : { outcome: body }) };
  const taken = { response: { status: '201', location: 'Communication/neighbour' } };
  const verdict = readReply('batch', [one, write(9, 'conditional-update')], answer(200, reply({ response }, taken)));
  return verdict.kind === 'settled' ? wordsOf(verdict.outcomes)[0] : verdict.kind;
}

describe('a create', () => {
  it('carries no id, and where it is conditional the part of the search after the question mark alone', () => {
    const conditional = write(0, 'conditional-create');
    expect(JSON.parse(conditional.entry)).toMatchObject({
      fullUrl: `urn:uuid:${delivery(0).key}`,
      request: { method: 'POST', url: 'Communication', ifNoneExist: search(0) },
    });
    for (const one of [conditional, write(0, 'search-then-create')]) {
      expect(JSON.parse(one.entry).resource).not.toHaveProperty('id');
      expect(JSON.parse(one.resource)).not.toHaveProperty('id');
    }
    expect(JSON.parse(write(0, 'search-then-create').entry).request).toEqual({ method: 'POST', url: 'Communication' });
  });

  it('alone is a POST with the condition as a header', () => {
    const one = write(0, 'conditional-create');
    expect(questionOf('none', [one])).toEqual({
      method: 'POST',
      path: 'Communication',
      body: one.resource,
      headers: { 'if-none-exist': search(0) },
    });
    expect(questionOf('none', [write(0, 'search-then-create')])).toMatchObject({ method: 'POST', headers: {} });
  });

  it('is an update once the EHR has told the id', () => {
    const known = { knownReference: 'Communication/server-3' };
    for (const way of ['conditional-create', 'search-then-create'] as const) {
      expect(write(0, way, known)).toMatchObject({ method: 'PUT', url: 'Communication/server-3' });
      expect(write(0, way, known)).not.toHaveProperty('ifNoneExist');
    }
  });

  it('shares its Bundle with none that has the same identifier', () => {
    for (const way of ['conditional-create', 'search-then-create'] as const) {
      const same = writeOf({ ...delivery(0), key: delivery(1).key }, { ...identifier, kind: 'new', conditional: true });
      const limits = { maxEntries: 100, maxBytes: 1_000_000 };
      expect(cutIntoBundles([write(0, way), same, write(2, way)], limits).map(({ length }) => length)).toEqual([1, 2]);
      const all = deliveries(20).map((_, number) => write(number, way));
      expect(cutIntoBundles(all, limits)).toHaveLength(1);
    }
  });

  const identifier = { system, value: 'vendor-id-0' } as const;

  it('that is conditional and answered with 200 changed nothing: it met what is there', () => {
    const place = { location: 'Communication/server-1/_history/4' };
    const met = readReply('none', [write(0, 'conditional-create')], answer(200, {}, place));
    expect(met).toMatchObject({
      outcomes: [{ kind: 'accepted', reference: 'Communication/server-1', version: '4', change: 'unchanged' }],
    });
    const created = readReply('none', [write(0, 'conditional-create')], answer(201, {}, place));
    expect(created).toMatchObject({ outcomes: [{ change: 'created' }] });
  });

  it('without a condition may have been carried out by a server that failed', () => {
    const [plain, conditional] = [write(0, 'search-then-create'), write(0, 'conditional-create')];
    for (const status of [408, 500, 503]) {
      expect(readReply('none', [plain], answer(status))).toMatchObject({ problem: { code: 'ehr-answer-lost' } });
      expect(readReply('none', [conditional], answer(status))).toMatchObject({
        problem: { code: 'ehr-server-error' },
      });
    }
    expect(readReply('none', [plain], answer(503, undefined, { retryAfterMs: 1_000 }))).toMatchObject({
      problem: { code: 'ehr-server-error', retryAfterMs: 1_000 },
    });
    expect(readReply('none', [plain], answer(429))).toMatchObject({ problem: { code: 'ehr-throttled' } });
    expect(entryWord(plain, '500')).toBe('record-answer-lost');
    expect(entryWord(plain, '503')).toBe('record-server-error');
    expect(entryWord(conditional, '500')).toBe('record-server-error');
  });

  it('by a condition that two fit, or that the EHR does not know, says so', () => {
    const conditional = write(0, 'conditional-create');
    expect(entryWord(conditional, '412')).toBe('multiple-matches');
    expect(readReply('none', [conditional], answer(412, outcome('not-supported')))).toMatchObject({
      problem: { code: 'ehr-unsuitable' },
    });
    expect(entryWord(write(0, 'search-then-create'), '412')).toBe('version-conflict');
  });

  it('where there is nothing to create at is not the fault of the message; a reference that leads nowhere is', () => {
    for (const way of ['search-then-create', 'conditional-create', 'conditional-update'] as const) {
      const single = (body: object) => readReply('none', [write(0, way)], answer(404, body));
      expect(single(outcome('not-found', 'Unknown resource type: Communication'))).toMatchObject({
        problem: { code: 'ehr-unsuitable' },
      });
      expect(
        single(outcome('processing', 'HAPI-1091: Invalid match URL "Organization?x=y" - No resources match')),
      ).toMatchObject({
        problem: { code: 'resource-refused' },
      });
      expect(
        single(outcome('processing', 'HAPI-1091: Invalid match URL "Patient?x=y" - No resources match')),
      ).toMatchObject({
        problem: { code: 'patient-not-found' },
      });
    }
  });
});

describe('a reply to a Bundle', () => {
  const two = [write(0, 'conditional-create'), write(1, 'conditional-create')];
  const words = (...entry: readonly object[]): unknown => {
    const verdict = readReply('batch', two, answer(200, reply(...entry)));
    return verdict.kind === 'settled' ? wordsOf(verdict.outcomes) : verdict;
  };
  const made = (id: string) => ({ status: '201', location: `Communication/${id}` });

  it('is not believed where an entry names another message than the one it answers', () => {
    const lost = ['record-answer-lost', 'record-answer-lost'];
    const [first, second] = [0, 1].map((number) => delivery(number));
    expect(
      words(
        { response: made('a'), resource: { ...second?.resource, id: 'a' } },
        { response: made('b'), resource: { ...first?.resource, id: 'b' } },
      ),
    ).toEqual(lost);
    expect(
      words(
        { fullUrl: `urn:uuid:${second?.key}`, response: made('a') },
        { fullUrl: `urn:uuid:${first?.key}`, response: made('b') },
      ),
    ).toEqual(lost);
    expect(
      words(
        { fullUrl: `urn:uuid:${first?.key}`, response: made('a'), resource: { ...first?.resource, id: 'a' } },
        { fullUrl: 'https://ehr.example.org/fhir/Communication/b', response: made('b') },
      ),
    ).toEqual(['created', 'created']);
  });

  it('in which everything was put off concerns the whole EHR', () => {
    for (const [status, code] of [
      ['429 Too Many Requests', 'ehr-throttled'],
      ['503', 'ehr-server-error'],
    ] as const) {
      const all = answer(200, reply({ response: { status } }, { response: { status } }), { retryAfterMs: 7_000 });
      expect(readReply('batch', two, all)).toMatchObject({ kind: 'failed', problem: { code, retryAfterMs: 7_000 } });
    }
  });

  it('tells how long to wait with what was put off, and with nothing else', () => {
    const entries = reply({ response: made('a') }, { response: { status: '429' } });
    const verdict = readReply('batch', two, answer(200, entries, { retryAfterMs: 7_000 }));
    expect(verdict).toMatchObject({
      outcomes: [{ change: 'created' }, { problem: { code: 'record-throttled', retryAfterMs: 7_000 } }],
    });
    const refused = reply({ response: made('a') }, { response: { status: '422', outcome: outcome('invalid') } });
    expect(readReply('batch', two, answer(200, refused, { retryAfterMs: 7_000 }))).toMatchObject({
      outcomes: [{ change: 'created' }, { problem: { code: 'resource-refused', httpStatus: 422, issue: 'invalid' } }],
    });
  });
});
