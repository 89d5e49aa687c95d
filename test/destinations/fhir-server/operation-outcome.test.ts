import { anything, assert, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readOutcome } from '../../../src/destinations/fhir-server/operation-outcome.ts';
import { outcome } from '../scripted-ehr.ts';

describe('the element an OperationOutcome names', () => {
  it.each([
    ['Communication.status', 'Communication.status'],
    ['Communication.payload[0].content', 'Communication.payload[0].content'],
    ['Bundle.entry[57].resource.ofType(Communication).status', 'Communication.status'],
    ['Bundle.entry[0].resource/*Communication/a-b*/.status', 'Communication.status'],
    ["Communication.extension('https://a.example/x').value", 'Communication.extension'],
    ['Communication.payload[5550100].content', 'Communication.payload'],
    ['5550100', undefined],
    ['Communication.otilie', 'Communication'],
    ['Otilie', undefined],
    ['Patient.name', undefined],
    ['', undefined],
  ])('as %s is %s', (expression, where) => {
    expect(readOutcome(outcome('invalid', undefined, expression)).where).toBe(where);
  });
});

describe('an OperationOutcome', () => {
  it('is read by its graver issues', () => {
    const issue = [
      { severity: 'information', code: 'informational', diagnostics: 'HAPI-1111' },
      { severity: 'error', code: 'required', expression: ['Communication.status'] },
    ];
    expect(readOutcome({ resourceType: 'OperationOutcome', issue })).toMatchObject({
      issue: 'required',
      where: 'Communication.status',
    });
  });

  it('gives nothing of its texts', () => {
    assert(
      property(string({ minLength: 4 }), (text) => {
        const { issue = '', where = '' } = readOutcome(outcome('invalid', `${text} 5550100`, `Communication.${text}`));
        expect(issue).toBe('invalid');
        expect(where).toMatch(/^(?:Communication(?:\.[a-z][A-Za-z]*(?:\[\d{1,3}\])?)*)?$/);
      }),
    );
  });

  it('of any shape is read without a crash', () => {
    assert(
      property(anything(), (any) => {
        for (const body of [
          any,
          { resourceType: 'OperationOutcome', issue: any },
          outcome('invalid', undefined, 'x'),
        ]) {
          expect(readOutcome(body)).toMatchObject({ tooLarge: false });
        }
        readOutcome({ resourceType: 'OperationOutcome', issue: [any, { code: any, expression: any, details: any }] });
      }),
    );
  });
});
