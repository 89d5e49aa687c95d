import type { Bundle, Communication, OperationOutcome } from 'fhir/r4.js';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { communicationsOf, type ExampleCommunication } from '../support/example-communications.ts';
import { chartAt } from './chart.ts';
import { expectEachOnce, openHospital, reportOf } from './hospital.ts';

const hapi = inject('hapi');
const validatingHapi = inject('validatingHapi');

const strict = communicationsOf('r4-strict');
/** What the mapping makes without the dialect: R4, but not by the code systems that are frozen into it. */
const usual = communicationsOf().filter(({ name }) => name === 'delivered/communication.json');

describe('the dialect r4-strict, where HAPI validates every request', () => {
  beforeAll(async () => {
    const subjects = new Set([...strict, ...usual].flatMap(({ resource }) => resource.subject?.reference ?? []));
    for (const subject of subjects) await chartAt(hapi).addPatient(subject.replace('Patient/', ''));
  });

  it('has examples of what was sent and of what was received', () => {
    const files = new Set(strict.map(({ name }) => name.replace(/^.*\//, '')));
    expect(files).toEqual(new Set(['communication.json', 'reply.json']));
  });

  it.each(strict)('$name is accepted alone, and read back as it was sent', async ({ resource }) => {
    const answer = await put(resource);
    expect([200, 201]).toContain(answer.status);
    expect(await readBack(resource)).toEqual(contentOf(resource));
  });

  it('is accepted as a batch, each example of it', async () => {
    const answer = await send(strict);
    expect(answer.status).toBe(200);
    const reply: Bundle = JSON.parse(await answer.text());
    const statuses = (reply.entry ?? []).map(({ response }) => response?.status.slice(0, 3));
    expect(statuses).toEqual(strict.map(() => expect.stringMatching(/^20[01]$/)));
    for (const { resource } of strict) expect(await readBack(resource)).toEqual(contentOf(resource));
  });

  it.each(strict)('$name has no error when HAPI is asked to validate it', async ({ resource }) => {
    expect(await errorsByValidate(resource)).toEqual([]);
  });

  it.each(usual)(
    'refuses $name of the mapping without the dialect, alone and in a batch',
    async ({ resource, name }) => {
      expect(await complaint(await put(resource))).toEqual([422, expect.stringContaining('SMSWRIT')]);
      expect(await complaint(await send([{ resource, name }]))).toEqual([422, expect.stringContaining('SMSWRIT')]);
    },
  );

  it.each(usual)('$name without the dialect has an error when HAPI is asked to validate it', async ({ resource }) => {
    expect(await errorsByValidate(resource)).toEqual([expect.stringContaining('SMSWRIT')]);
  });
});

describe('a run into HAPI FHIR where every request is validated', () => {
  it.each(['r4-strict', 'auto'])('delivers everything in the dialect %s', async (dialect) => {
    const hospital = await openHospital({ fhirUrl: validatingHapi, dialect });
    const ended = await hospital.program(['run', '--json']);
    expect(reportOf(ended)).toMatchObject({ delivery: { delivered: 6, waiting: 0, rejected: 0 } });
    await expectEachOnce(hospital);
    await hospital.close();
  });

  it('delivers nothing in the dialect r4, and keeps each message for a person', async () => {
    const hospital = await openHospital({ fhirUrl: validatingHapi, dialect: 'r4' });
    const ended = await hospital.program(['run', '--json']);
    expect(reportOf(ended)).toMatchObject({ delivery: { delivered: 0, rejected: 6 } });
    expect(await hospital.messages()).toEqual([]);
    await hospital.close();
  });
});

const headers = { accept: 'application/fhir+json', 'content-type': 'application/fhir+json' };

const put = (resource: Communication): Promise<Response> =>
  fetch(`${validatingHapi}/${pathOf(resource)}`, { method: 'PUT', headers, body: JSON.stringify(resource) });

function send(examples: readonly ExampleCommunication[]): Promise<Response> {
  const bundle: Bundle = {
    resourceType: 'Bundle',
    type: 'batch',
    entry: examples.map(({ resource }) => ({
      fullUrl: `${validatingHapi}/${pathOf(resource)}`,
      resource,
      request: { method: 'PUT', url: pathOf(resource) },
    })),
  };
  return fetch(validatingHapi, { method: 'POST', headers, body: JSON.stringify(bundle) });
}

async function errorsByValidate(resource: Communication): Promise<readonly string[]> {
  const url = `${hapi}/Communication/$validate`;
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(resource) });
  const outcome: OperationOutcome = JSON.parse(await answer.text());
  return outcome.issue.flatMap(({ severity, diagnostics = '' }) =>
    severity === 'error' || severity === 'fatal' ? [diagnostics] : [],
  );
}

const complaint = async (answer: Response): Promise<readonly [number, string]> => [answer.status, await answer.text()];

async function readBack(resource: Communication): Promise<Communication> {
  const answer = await fetch(`${hapi}/${pathOf(resource)}`, { headers });
  const held: Communication = JSON.parse(await answer.text());
  return contentOf(held);
}

/** A server writes versions and the request's id into `meta`. */
function contentOf(resource: Communication): Communication {
  const content = structuredClone(resource);
  delete content.meta;
  return content;
}

const pathOf = ({ id = '' }: Communication): string => `Communication/${id}`;
