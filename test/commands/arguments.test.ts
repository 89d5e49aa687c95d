import { describe, expect, it } from 'vitest';
import { readArguments, readInstant } from '../../src/commands/arguments.ts';

const options = { config: { type: 'string' }, json: { type: 'boolean' } } as const;
const read =
  (args: readonly string[], positionals = 0) =>
  () =>
    readArguments(args, 'run [--json]', options, positionals);

describe('the arguments of a command', () => {
  it('are its options and what they hold', () => {
    expect(read(['--config', 'a.yaml', '--json', 'b'], 1)()).toMatchObject({
      values: { config: 'a.yaml', json: true },
      positionals: ['b'],
    });
  });

  it.each([
    [['--jsno'], "Unknown option '--jsno'."],
    [['-x'], "Unknown option '-x'."],
    [['--config'], "Option '--config <value>' argument missing."],
    [['--config', '--json'], "Option '--config' argument is ambiguous."],
    [['--json=yes'], "Option '--json' does not take an argument."],
    [['more'], "Unexpected argument 'more'."],
  ])('that are wrong are told with how the command is called: %j', (args, told) => {
    expect(read(args)).toThrow(`${told}\nUsage: dialog-health-fhir run [--json]`);
  });

  it('are no more than the command takes', () => {
    expect(read(['a', 'b'], 1)).toThrow("Unexpected argument 'b'.\nUsage: ");
  });
});

describe('an instant', () => {
  it.each([
    ['2026-03-01T00:00:00Z', '2026-03-01T00:00:00.000Z'],
    ['2026-03-01T00:00Z', '2026-03-01T00:00:00.000Z'],
    ['2026-03-01T02:00:00.500+02:00', '2026-03-01T00:00:00.500Z'],
    ['2026-03-01', '2026-03-01T00:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
  ])('%s is %s', (text, iso) => {
    expect(new Date(readInstant('--from', text)).toISOString()).toBe(iso);
  });

  it.each([
    '',
    'yesterday',
    '2026-03-01T00:00:00',
    '2026-03-01 00:00:00Z',
    '2026-02-30',
    '2026-02-29T10:00:00Z',
    '2026-13-01',
    '1772323200',
    '2026-03-01T25:00:00Z',
    '2026-03-01T00:00:00 UTC',
  ])('is not "%s"', (text) => {
    expect(() => readInstant('--from', text)).toThrow(
      `--from "${text}" is not an instant. Give one such as 2026-03-01T00:00:00Z.`,
    );
  });

  it('must be given', () => {
    expect(() => readInstant('--to', undefined)).toThrow('--to is missing.');
  });
});
