import type { Patient } from 'fhir/r4.js';
import { describe, expect, it } from 'vitest';
import type { Delivery, DeliveryOutcome } from '../../../../src/exchange/delivery.ts';
import { wordsOf, serve, type Served } from '../../served.ts';
import { answerWith, asUsual, statementOf, type Reaction } from '../../scripted-ehr.ts';
import { messageTo, person, policyOf } from './patient-place.ts';

const lookup = policyOf('lookup');
const found = (patients: readonly Patient[], next = false): Reaction =>
  answerWith(200, {
    resourceType: 'Bundle',
    type: 'searchset',
    link: next ? [{ relation: 'next', url: 'https://ehr.example.org/fhir?page=2' }] : [],
    entry: patients.map((resource) => ({ resource })),
  });

/** Searches are answered by the script; the write that follows as usual. */
async function opened(...script: readonly Reaction[]): Promise<Served> {
  const served = await serve({}, { assume: { patientSearch: true } });
  await served.destination.check(new AbortController().signal);
  served.ehr.script.push(...script, ...Array.from({ length: 20 }, () => asUsual));
  return served;
}

const searches = ({ ehr }: Served): readonly string[] =>
  ehr.heard.map(({ path }) => path).filter((path) => path.startsWith('Patient?'));

const inOrder = (deliveries: readonly Delivery[], outcomes: readonly DeliveryOutcome[]): readonly unknown[] =>
  wordsOf(deliveries.flatMap(({ key }) => outcomes.find((outcome) => outcome.key === key) ?? []));

describe('a search for Patients', () => {
  it('asks past every cache', async () => {
    const served = await opened(found([person('p-1', 'MRN1')]));
    await served.send([messageTo('m1', 'MRN1', lookup)]);
    const search = served.ehr.heard.find(({ path }) => path.startsWith('Patient?'));
    expect(search?.headers['cache-control']).toBe('no-cache');
  });

  it('finds nobody among Patients that the EHR gives for another system, in other letters, or for no reason', async () => {
    const others = [
      person('p-1', 'mrn1'),
      person('p-2', 'MRN1', { identifier: [{ system: 'urn:oid:2.16.840.1.113883.3.43', value: 'MRN1' }] }),
      person('p-3', 'MRN1', { identifier: [{ value: 'MRN1' }] }),
      person('p-4', 'MRN10'),
    ];
    const served = await opened(found(others), found([...others, person('p-5', 'MRN1')]));
    expect(wordsOf(await served.send([messageTo('m1', 'MRN1', lookup)]))).toEqual(['patient-not-found']);
    served.pass(10_000);
    const message = messageTo('m1', 'MRN1', lookup);
    expect(wordsOf(await served.send([message]))).toEqual(['created']);
    expect(served.ehr.held.get(message.key)?.resource.subject?.reference).toBe('Patient/p-5');
  });

  it('that is refused for several at once is made in halves', async () => {
    const served = await opened(
      answerWith(400, { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'too-long' }] }),
      found([person('p-1', 'MRN1')]),
      found([person('p-2', 'MRN2')]),
    );
    const messages = [messageTo('m1', 'MRN1', lookup), messageTo('m2', 'MRN2', lookup)];
    expect(inOrder(messages, await served.send(messages))).toEqual(['created', 'created']);
    expect(searches(served)).toHaveLength(3);
  });

  it('that is refused for one Patient keeps that one waiting', async () => {
    const refusal = answerWith(400, {
      resourceType: 'OperationOutcome',
      issue: [{ severity: 'error', code: 'value' }],
    });
    const served = await opened(refusal, refusal, found([person('p-2', 'MRN2')]));
    const messages = [messageTo('m1', 'bad', lookup), messageTo('m2', 'MRN2', lookup)];
    expect(inOrder(messages, await served.send(messages))).toEqual(['patient-search-refused', 'created']);
  });

  it('whose answer has more pages is made for each alone, and one with more is never guessed', async () => {
    const served = await opened(
      found([person('p-1', 'MRN1')], true),
      found([person('p-1', 'MRN1')]),
      found([person('p-2', 'MRN2')], true),
    );
    const messages = [messageTo('m1', 'MRN1', lookup), messageTo('m2', 'MRN2', lookup)];
    expect(inOrder(messages, await served.send(messages))).toEqual(['created', 'patient-ambiguous']);
  });

  it.each([
    ['login is refused', answerWith(401, {}), 'ehr-unauthorized'],
    ['right is missing', answerWith(403, {}), 'ehr-forbidden'],
    ['page is no FHIR', answerWith(200, '<html></html>'), 'ehr-unexpected-answer'],
    ['EHR fails', answerWith(500, {}), 'ehr-server-error'],
    ['EHR is busy', answerWith(429, {}, { 'retry-after': '7' }), 'ehr-throttled'],
  ] as const)('is not made again for the others where the %s', async (_title, reaction, code) => {
    const served = await opened(reaction);
    const messages = ['MRN1', 'MRN2'].map((value) => messageTo(value, value, lookup));
    const outcomes = await served.send(messages);
    const expected = code === 'ehr-unexpected-answer' ? 'ehr-unreachable' : code;
    expect(inOrder(messages, outcomes)).toEqual([expected, expected]);
    expect(served.ehr.sent()).toEqual([]);
  });

  it('that the login may not make is told at start', async () => {
    const served = await serve({}, { patients: [lookup], assume: { patientSearch: true } });
    served.ehr.login.push(asUsual, answerWith(403, {}));
    expect(await served.destination.check(new AbortController().signal)).toMatchObject({
      kind: 'failed',
      problem: { code: 'ehr-forbidden', where: 'Patient', httpStatus: 403 },
      why: expect.stringContaining('search for Patients'),
    });
    expect(await served.destination.check(new AbortController().signal)).toMatchObject({
      kind: 'ready',
      why: expect.stringContaining('Patients are looked for by identifier'),
    });
  });

  it('is refused at start where the EHR does not say that it makes one', async () => {
    const served = await serve({}, { patients: [policyOf('literal'), lookup] });
    expect(await served.destination.check(new AbortController().signal)).toMatchObject({
      kind: 'failed',
      problem: { code: 'ehr-unsuitable', where: 'Patient' },
      why: expect.stringContaining('patient.reference is lookup'),
    });
  });
});

describe('a literal reference at HAPI', () => {
  it('comes with the warning that ids of digits alone are its own', async () => {
    const signal = new AbortController().signal;
    const warning = { why: expect.stringContaining('HAPI-0960') };
    const hapi = await serve({}, { patients: [policyOf('literal')] });
    expect(await hapi.destination.check(signal)).toMatchObject(warning);
    const statement = statementOf({ updateCreate: true });
    const other = await serve({ statement }, { patients: [policyOf('literal')] });
    expect(await other.destination.check(signal)).not.toMatchObject(warning);
  });
});

describe('a reference by identifier alone', () => {
  it('is refused at start where the EHR says that it keeps none', async () => {
    const statement = statementOf({ updateCreate: true, referencePolicy: ['literal'] });
    const signal = new AbortController().signal;
    for (const policy of [policyOf('identifier'), policyOf('literal', { missing: 'send-identifier' })]) {
      const served = await serve({ statement }, { patients: [policy] });
      expect(await served.destination.check(signal)).toMatchObject({
        kind: 'failed',
        problem: { code: 'ehr-unsuitable' },
        why: expect.stringContaining('keeps no reference by identifier alone'),
      });
      const assumed = await serve({ statement }, { patients: [policy], assume: { identifierReferences: true } });
      expect(await assumed.destination.check(signal)).toMatchObject({ kind: 'ready' });
    }
  });
});
