import { describe, expect, it } from 'vitest';
import { explanationLines } from '../../src/commands/explanation-lines.ts';
import type { ExplainedElement, Explanation } from '../../src/exchange/explanation.ts';

const outgoing = { file: 'site/outgoing.yaml', line: 9 };
const codes = { file: 'site/codes.yaml', line: 30 };

const plain: ExplainedElement = {
  element: 'medium[0].text',
  value: 'SMS',
  from: outgoing,
  formula: null,
  table: null,
  named: null,
  fields: [],
  settings: [],
};

const who = { name: 'who', column: 'subject', row: 1, ...codes };

const subject: ExplainedElement = {
  ...plain,
  element: 'subject.reference',
  value: 'Patient/tp-1',
  formula: '=party(who.subject)',
  table: who,
  named: { formula: '=patient(personName)', ...codes, line: 93 },
  fields: ['recipientType', 'personId', 'personName'],
};

const explanation = (changed: Partial<Explanation>): Explanation => ({
  key: '5c0e9f0e-3f8b-5d4e-9a63-0f6f1f3c2b7a',
  direction: 'outgoing',
  outcome: 'communication',
  code: null,
  problem: null,
  elements: [],
  tables: [{ name: 'who', row: 1, fields: ['recipientType'], says: 'cells', ...codes }],
  unused: [],
  ...changed,
});

const linesOf = (changed: Partial<Explanation>, values = true): readonly string[] =>
  explanationLines(explanation(changed), { values });

const valueOf = (value: ExplainedElement['value']): string | undefined =>
  /"?medium\[0\]\.text {2}(.+?) *<- /.exec(linesOf({ elements: [{ ...plain, value }] })[1] ?? '')?.[1];

describe('an explanation on the terminal', () => {
  it('has a line for each element and table, in columns, and the fields that were not used', () => {
    expect(linesOf({ elements: [plain, subject], unused: ['carrier', 'leadMessageSent'] })).toEqual([
      'message 5c0e9f0e-3f8b-5d4e-9a63-0f6f1f3c2b7a (outgoing): a Communication',
      '  medium[0].text     "SMS"           <- constant                                                          site/outgoing.yaml:9',
      '  subject.reference  "Patient/tp-1"  <- =party(who.subject) -> =patient(personName), personId  who row 1  site/outgoing.yaml:9 site/codes.yaml:30,93',
      '  table who  row 1  <- recipientType  site/codes.yaml:30',
      '  not used: carrier, leadMessageSent',
    ]);
  });

  it('leaves the values out where they are not wanted', () => {
    const lines = linesOf({ elements: [plain, subject] }, false);
    expect(lines[2]).toMatch(/^ {2}subject\.reference {2}<- =party/);
    expect(lines.join('\n')).not.toContain('tp-1');
  });

  it('says why there is no Communication, and which row decided it', () => {
    const tables = [{ name: 'who', row: 3, fields: ['recipientType'], says: 'skip' as const, ...codes }];
    const lines = linesOf({ outcome: 'skipped', code: 'not-for-a-chart', problem: 'Kept out.', tables });
    expect(lines).toEqual([
      'message 5c0e9f0e-3f8b-5d4e-9a63-0f6f1f3c2b7a (outgoing): skipped: not-for-a-chart: Kept out.',
      '  table who  row 3: skip  <- recipientType  site/codes.yaml:30',
    ]);
  });

  it('names the setting that adds what the mapping does not say', () => {
    const narrative = { ...plain, element: 'text.status', from: null, settings: ['mapping.narrative'] };
    expect(linesOf({ elements: [narrative] })[1]).toBe('  text.status  "SMS"  <- mapping.narrative');
  });

  it('names a field that a formula reads and does not name, and one that the table did not look at', () => {
    const related = { ...plain, formula: '=related(thread.beside)', fields: ['outgoingMessageId'] };
    expect(linesOf({ elements: [related] })[1]).toContain('=related(thread.beside), outgoingMessageId');
  });

  it('shows a table that takes every message alike', () => {
    const tables = [{ name: 'thread', row: 1, fields: [], says: 'cells' as const, ...codes }];
    expect(linesOf({ tables })[1]).toBe('  table thread  row 1  <- any message  site/codes.yaml:30');
  });
});

describe('a value on the terminal', () => {
  it.each([
    ['a new line and a quote', 'a\n"b"', String.raw`"a\n\"b\""`],
    ['a command to the terminal', '\u001b[2J\u009b2J', String.raw`"\u001b[2J\u{9b}2J"`],
    [
      'a change of direction, a space without width, a line separator',
      '\u202ea\u200b\u2028',
      String.raw`"\u{202e}a\u{200b}\u{2028}"`,
    ],
    ['half of an emoji', '\ud83d', String.raw`"\ud83d"`],
    ['a truth', true, 'true'],
  ])('has nothing invisible in it: %s', (_what, value, shown) => {
    expect(valueOf(value)).toBe(shown);
  });

  it('is cut where it is long, between characters', () => {
    expect(valueOf('a'.repeat(39))).toBe(`"${'a'.repeat(38)}…`);
    expect(valueOf('a'.repeat(38))).toBe(`"${'a'.repeat(38)}"`);
    expect(valueOf('👍'.repeat(60))).toBe(`"${'👍'.repeat(38)}…`);
  });

  it('takes two places where a character does, so that the columns stay in line', () => {
    const [, first = '', second = ''] = linesOf({
      elements: [
        { ...plain, value: '患者 👍' },
        { ...plain, value: 'abcdefg' },
      ],
    });
    // Three characters of two places each, one of which is two units of the text already.
    expect(second.indexOf('<-') - first.indexOf('<-')).toBe(2);
  });
});
