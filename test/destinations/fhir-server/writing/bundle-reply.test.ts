import { anything, assert, integer, property } from 'fast-check';
import type { OperationOutcome } from 'fhir/r4.js';
import { describe, expect, it } from 'vitest';
import type { Answer, Answered } from '../../../../src/destinations/fhir-server/answer.ts';
import { targetOf, writeOf, type Write } from '../../../../src/destinations/fhir-server/writing/bundle.ts';
import { readReply, type Verdict } from '../../../../src/destinations/fhir-server/writing/bundle-reply.ts';
import { delivery, type DeliveryOptions } from '../../example-deliveries.ts';
import { outcome } from '../../scripted-ehr.ts';
import { wordsOf } from '../../served.ts';

function write(
  number: number,
  way: 'put-by-id' | 'conditional-update' = 'put-by-id',
  options?: DeliveryOptions,
): Write {
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

const bundle = (...responses: readonly object[]): Answer =>
  answer(200, { resourceType: 'Bundle', type: 'batch-response', entry: responses.map((response) => ({ response })) });

const at = (id: string) => ({ status: '201', location: `Communication/${id}` });

/** The answer to a PUT of one message. */
const one = (given: Answer) => readReply('none', [write(0)], given);

const outcomesOf = (verdict: Verdict) => (verdict.kind === 'settled' ? verdict.outcomes : []);

/** The problem of one entry in a batch. */
function problemOf(one: Write, status: string, body?: OperationOutcome) {
  const [first] = outcomesOf(
    readReply('batch', [one], bundle({ status, ...(body === undefined ? {} : { outcome: body }) })),
  );
  return first?.kind === 'refused' ? first.problem : undefined;
}

describe('the reply to a Bundle', () => {
  it('tells where each message is, and which version', () => {
    const { key } = delivery(0);
    const reply = bundle(
      { status: '201 Created', location: `Communication/${key}/_history/1`, etag: 'W/"1"' },
      { status: '200', location: `https://ehr.example.org/fhir/Communication/${delivery(1).key}/_history/4` },
      { status: '200 OK', etag: '"7"' },
    );
    expect(readReply('transaction', [write(0), write(1), write(2)], reply)).toEqual({
      kind: 'settled',
      outcomes: [
        { kind: 'accepted', key, reference: `Communication/${key}`, version: '1', change: 'created' },
        {
          kind: 'accepted',
          key: delivery(1).key,
          reference: `Communication/${delivery(1).key}`,
          version: '4',
          change: 'updated',
        },
        {
          kind: 'accepted',
          key: delivery(2).key,
          reference: `Communication/${delivery(2).key}`,
          version: '7',
          change: 'updated',
        },
      ],
    });
  });

  it('tells which id the EHR chose; without it, nothing is known', () => {
    const writes = [write(0, 'conditional-update'), write(1, 'conditional-update')];
    const reply = bundle({ status: '201', location: 'Communication/server-1/_history/1' }, { status: '201' });
    expect(outcomesOf(readReply('batch', writes, reply))).toMatchObject([
      { kind: 'accepted', reference: 'Communication/server-1' },
      { kind: 'refused', problem: { code: 'record-answer-lost' } },
    ]);
  });

  it('settles each entry by its own status', () => {
    const reply = bundle(
      { status: '201' },
      { status: '422', outcome: outcome('invalid') },
      { status: '429' },
      { status: '503' },
    );
    expect(
      wordsOf(
        outcomesOf(
          readReply(
            'batch',
            [0, 1, 2, 3].map((n) => write(n)),
            reply,
          ),
        ),
      ),
    ).toEqual(['created', 'resource-refused', 'record-throttled', 'record-server-error']);
  });

  it('blames an entry, and not the login, for what was not allowed while its neighbours were taken', () => {
    const writes = [write(0), write(1)];
    const mixed = bundle({ status: '201' }, { status: '403', outcome: outcome('forbidden') });
    expect(outcomesOf(readReply('batch', writes, mixed))).toMatchObject([
      { kind: 'accepted' },
      { problem: { code: 'resource-refused', httpStatus: 403, issue: 'forbidden' } },
    ]);
    // A token that ended meanwhile is no fault of the message: it is sent again.
    expect(
      outcomesOf(readReply('batch', [write(0), write(1)], bundle({ status: '201' }, { status: '401' }))),
    ).toMatchObject([{ change: 'created' }, { problem: { code: 'record-server-error', httpStatus: 401 } }]);
    const none = bundle({ status: '403' }, { status: '403' });
    expect(wordsOf(outcomesOf(readReply('batch', writes, none)))).toEqual(['ehr-forbidden', 'ehr-forbidden']);
  });

  it.each([
    ['is shorter', bundle({ status: '201' })],
    ['is longer', bundle({ status: '201' }, { status: '201' }, { status: '201' })],
    ['is empty', bundle()],
  ])('is not believed when it %s', (_, reply) => {
    expect(wordsOf(outcomesOf(readReply('batch', [write(0), write(1)], reply)))).toEqual([
      'record-answer-lost',
      'record-answer-lost',
    ]);
  });

  it('is not believed where it is in another order, or names one Communication twice', () => {
    const swapped = bundle(at(delivery(1).key), at(delivery(0).key), at(delivery(2).key));
    expect(wordsOf(outcomesOf(readReply('batch', [write(0), write(1), write(2)], swapped)))).toEqual([
      'record-answer-lost',
      'record-answer-lost',
      'created',
    ]);
    const writes = [write(0, 'conditional-update'), write(1, 'conditional-update')];
    const same = bundle(at('server-1'), at('server-1'));
    expect(wordsOf(outcomesOf(readReply('batch', writes, same)))).toEqual(['record-answer-lost', 'record-answer-lost']);
  });

  it.each([
    [{}],
    [{ status: 201 }],
    [{ status: 'Created' }],
    [{ status: '2010' }],
    [{ status: '' }],
    [{ status: '302' }],
  ])('is not believed where an entry says %j', (response) => {
    expect(wordsOf(outcomesOf(readReply('batch', [write(0)], bundle(response))))).toEqual(['record-answer-lost']);
  });

  it('is one outcome per message or one word about all of them, whatever comes', () => {
    const writes = [write(0), write(1)];
    const keysOfBoth = [delivery(0).key, delivery(1).key];
    assert(
      property(integer({ min: 100, max: 599 }), anything(), (status, body) => {
        const entry = [{ response: body }, body];
        for (const each of [body, { resourceType: 'Bundle', entry: body }, { resourceType: 'Bundle', entry }]) {
          const verdict = readReply('batch', writes, answer(status, each));
          const keys = verdict.kind === 'settled' ? verdict.outcomes.map(({ key }) => key) : keysOfBoth;
          expect(keys).toEqual(keysOfBoth);
        }
      }),
    );
  });
});

describe('an entry that the EHR did not take', () => {
  it.each([
    ['400', outcome('invalid', 'text'), 'resource-refused'],
    ['422', outcome('code-invalid', 'text'), 'resource-refused'],
    ['422', undefined, 'resource-refused'],
    [
      '400',
      outcome('processing', 'HAPI-1094: Resource Patient/person-0 not found, specified in path: Communication.subject'),
      'patient-not-found',
    ],
    [
      '404',
      outcome('processing', 'HAPI-1091: Invalid match URL "Patient?identifier=a|b" - No resources match this search'),
      'patient-not-found',
    ],
    [
      '412',
      outcome(
        'processing',
        'HAPI-2207: Invalid match URL "Patient?identifier=a|b" - Multiple resources match this search',
      ),
      'patient-not-found',
    ],
    [
      '400',
      outcome('invalid', "Given conditional reference 'Patient?identifier=a|b' does not resolve to a resource."),
      'patient-not-found',
    ],
    ['422', outcome('invalid', 'Referenced resource Patient/person-0 does not exist'), 'patient-not-found'],
    ['404', outcome('not-found', 'Patient/person-0'), 'patient-not-found'],
    ['422', outcome('not-found', 'Reference', 'Communication.subject.reference'), 'patient-not-found'],
    [
      '400',
      outcome('processing', 'HAPI-1096: Resource Patient/person-0 is deleted, specified in path'),
      'patient-not-found',
    ],
    ['409', outcome('conflict'), 'version-conflict'],
    ['412', outcome('conflict'), 'version-conflict'],
    ['412', outcome('multiple-matches'), 'multiple-matches'],
    ['410', outcome('deleted'), 'deleted-at-ehr'],
    ['413', undefined, 'resource-too-large'],
    ['401', undefined, 'ehr-unauthorized'],
    ['403', outcome('forbidden'), 'ehr-forbidden'],
    ['404', outcome('not-found'), 'ehr-unsuitable'],
    ['405', undefined, 'ehr-unsuitable'],
    ['429', outcome('throttled'), 'record-throttled'],
    ['500', outcome('exception', 'Patient not found'), 'record-server-error'],
    ['503', undefined, 'record-server-error'],
  ] as const)('with %s is that kind of problem', (status, body, code) => {
    expect(problemOf(write(0), status, body)).toMatchObject({ code, httpStatus: Number(status) });
  });

  it('by its identifier with 412 is there more than once, whatever the EHR calls it', () => {
    expect(problemOf(write(0, 'conditional-update'), '412', outcome('processing'))).toMatchObject({
      code: 'multiple-matches',
    });
  });

  it('by the id the EHR gave it with 404 was deleted there', () => {
    expect(problemOf(write(0, 'put-by-id', { knownReference: 'Communication/server-1' }), '404')).toMatchObject({
      code: 'deleted-at-ehr',
    });
  });

  it('names the code and the element, and nothing else of what the EHR wrote', () => {
    const body = outcome(
      'processing',
      'HAPI-0450: Otilie 5550100',
      'Bundle.entry[3].resource.ofType(Communication).payload[0].content',
    );
    expect(problemOf(write(0), '400', body)).toEqual({
      code: 'resource-refused',
      httpStatus: 400,
      issue: 'processing HAPI-0450',
      where: 'Communication.payload[0].content',
    });
  });
});

describe('an answer to the whole request', () => {
  const writes = [write(0), write(1)];
  const verdict = (status: number, body?: unknown, more?: Partial<Answered>) =>
    readReply('batch', writes, answer(status, body, more));

  it.each([
    [401, 'ehr-unauthorized'],
    [403, 'ehr-forbidden'],
    [429, 'ehr-throttled'],
    [500, 'ehr-server-error'],
    [503, 'ehr-server-error'],
    [408, 'ehr-server-error'],
    [502, 'ehr-answer-lost'],
    [504, 'ehr-answer-lost'],
    [302, 'ehr-unexpected-answer'],
    [202, 'ehr-answers-later'],
    [200, 'ehr-unexpected-answer'],
    [404, 'ehr-unexpected-answer'],
    [418, 'ehr-unexpected-answer'],
  ])('%i with a page concerns all of them', (status, code) => {
    expect(verdict(status)).toEqual({ kind: 'failed', problem: { code, httpStatus: status } });
  });

  it('says how long to wait', () => {
    expect(verdict(503, undefined, { retryAfterMs: 7000 })).toMatchObject({ problem: { retryAfterMs: 7000 } });
  });

  it.each([400, 404, 409, 410, 412, 422])('%i in FHIR is about what one of them holds', (status) => {
    expect(verdict(status, outcome('invalid'))).toMatchObject({ kind: 'content-refused', inFhir: true });
  });

  it('413 and words for too much are about their number', () => {
    expect(verdict(413)).toMatchObject({ kind: 'too-large', by: 'bytes' });
    expect(verdict(400, outcome('too-costly'))).toMatchObject({ kind: 'too-large', by: 'entries' });
    expect(
      verdict(400, outcome('invalid', 'Transaction requires strict isolation but has too many entries')),
    ).toMatchObject({
      kind: 'too-large',
      by: 'entries',
    });
  });

  it('405, 501 and not-supported are about the kind of Bundle', () => {
    expect(verdict(405)).toEqual({ kind: 'not-offered' });
    expect(verdict(501, outcome('not-supported'))).toEqual({ kind: 'not-offered' });
    expect(verdict(400, outcome('not-supported'))).toEqual({ kind: 'not-offered' });
    expect(readReply('none', [write(0)], answer(405))).toMatchObject({ problem: { code: 'ehr-unsuitable' } });
  });
});

describe('the answer to one message', () => {
  const { key } = delivery(0);

  it('tells where it is, by the headers or by the id we chose', () => {
    const location = `https://ehr.example.org/fhir/Communication/${key}/_history/2`;
    expect(one(answer(201, {}, { location }))).toMatchObject({ outcomes: [{ change: 'created', version: '2' }] });
    expect(one(answer(200, {}, { etag: 'W/"3"' }))).toEqual({
      kind: 'settled',
      outcomes: [{ kind: 'accepted', key, reference: `Communication/${key}`, version: '3', change: 'updated' }],
    });
  });

  it('is not believed when it is of another Communication, or no FHIR', () => {
    expect(one(answer(200, {}, { location: 'Communication/another' }))).toMatchObject({
      outcomes: [{ problem: { code: 'record-answer-lost' } }],
    });
    for (const body of [undefined, null, [], 'page', { error: 'sign in' }]) {
      expect(one(answer(200, body))).toMatchObject({ kind: 'failed', problem: { code: 'ehr-unexpected-answer' } });
    }
  });
});
