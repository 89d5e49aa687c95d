import type { CapabilityStatement, OperationOutcome } from 'fhir/r4.js';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../../src/destinations/fhir-server/answer.ts';
import { offersValidate, readJudgement } from '../../../src/destinations/fhir-server/judge.ts';
import { delivery } from '../example-deliveries.ts';
import { answerWith, statementOf } from '../scripted-ehr.ts';
import { serve } from '../served.ts';

const signal = new AbortController().signal;
const { resource } = delivery(1);

const asJson = (statement: CapabilityStatement): Readonly<Record<string, unknown>> => ({ ...statement });

function validating(name = 'validate', at: 'resource' | 'system' = 'resource'): CapabilityStatement {
  const statement = statementOf({ updateCreate: true });
  const operation = [{ name, definition: 'http://hl7.org/fhir/OperationDefinition/Resource-validate' }];
  const [rest] = statement.rest ?? [];
  const [communication] = rest?.resource ?? [];
  if (rest === undefined || communication === undefined) throw new Error('nothing to add to');
  if (at === 'resource') communication.operation = operation;
  else rest.operation = operation;
  return statement;
}

const outcomeOf = (...issue: OperationOutcome['issue']): OperationOutcome => ({
  resourceType: 'OperationOutcome',
  issue,
});
const fine = outcomeOf(
  { severity: 'warning', code: 'invariant', expression: ['Communication'] },
  { severity: 'information', code: 'informational' },
);
const unknownCode = outcomeOf(
  {
    severity: 'error',
    code: 'code-invalid',
    diagnostics: 'Unknown code SMSWRIT of Testperson Alder',
    expression: ['Communication.medium[0].coding[0]'],
  },
  { severity: 'warning', code: 'invariant', expression: ['Communication'] },
);
const answered = (status: number, body?: unknown): Answer => ({ kind: 'answered', status, body });

describe('whether an EHR offers $validate', () => {
  it.each([
    ['for Communication', validating()],
    ['by its name with the dollar sign', validating('$validate')],
    ['for everything', validating('validate', 'system')],
  ])('is said by it %s', (_, statement) => {
    expect(offersValidate(asJson(statement))).toBe(true);
  });

  it('is not said', () => {
    expect(offersValidate(asJson(statementOf({ updateCreate: true })))).toBe(false);
    expect(offersValidate(asJson(validating('validate-code')))).toBe(false);
    expect(offersValidate({})).toBe(false);
  });
});

describe('what $validate says', () => {
  it('accepts where nothing is an error', () => {
    expect(readJudgement(answered(200, fine))).toEqual({ kind: 'accepted' });
  });

  it.each([200, 400, 422])('refuses with element and code, and never with the text, by status %i', (status) => {
    expect(readJudgement(answered(status, unknownCode))).toEqual({
      kind: 'refused',
      faults: [{ where: 'Communication.medium[0].coding[0]', issue: 'code-invalid' }],
    });
  });

  it('refuses where the request was refused, whatever the issues', () => {
    expect(readJudgement(answered(422, fine))).toEqual({ kind: 'refused', faults: [] });
  });

  it.each([404, 405, 501])('is not offered after all by status %i', (status) => {
    expect(readJudgement(answered(status, outcomeOf({ severity: 'error', code: 'not-supported' })))).toEqual({
      kind: 'not-offered',
    });
  });

  it.each([
    [answered(503), 'ehr-server-error'],
    [answered(502, '<html>'), 'ehr-unreachable'],
    [answered(403), 'ehr-forbidden'],
    [answered(200, '<html>'), 'ehr-unexpected-answer'],
    [{ kind: 'failed', problem: { code: 'ehr-answer-lost' } } as const, 'ehr-unreachable'],
  ])('is not known: %j', (answer, code) => {
    expect(readJudgement(answer)).toMatchObject({ kind: 'unknown', problem: { code } });
  });
});

describe('an EHR that is shown a Communication', () => {
  it('gets it at $validate and holds nothing of it', async () => {
    const { ehr, destination } = await serve({ statement: validating() });
    ehr.script.push(answerWith(200, fine));
    expect(await destination.judge(resource, signal)).toEqual({ kind: 'accepted' });
    expect(ehr.sent().map(({ method, path }) => `${method} ${path}`)).toEqual(['POST Communication/$validate']);
    expect(JSON.parse(ehr.sent()[0]?.body ?? '')).toEqual(resource);
    expect(ehr.writes()).toBe(0);
  });

  it('gets nothing where it does not offer to validate', async () => {
    const { ehr, destination } = await serve();
    expect(await destination.judge(resource, signal)).toEqual({ kind: 'not-offered' });
    expect(ehr.sent()).toEqual([]);
  });

  it('need not answer', async () => {
    const { ehr, destination } = await serve({ statement: validating() });
    await ehr.close();
    expect(await destination.judge(resource, signal)).toMatchObject({
      kind: 'unknown',
      problem: { code: 'ehr-unreachable' },
    });
  });
});
