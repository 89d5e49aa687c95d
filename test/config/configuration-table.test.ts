import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { configurationTable, withConfigurationTable } from '../../tools/configuration-table.ts';

const readme = readFileSync('README.md', 'utf8');
const rows = configurationTable().split('\n');
const row = (path: string) => rows.find((each) => each.startsWith(`| \`${path}\` |`));

describe('the table of settings in README.md', () => {
  it('is that of the settings (node tools/configuration-table.ts)', () => {
    expect(withConfigurationTable(readme)).toBe(readme);
  });

  it('has four cells in each row', () => {
    expect(rows.filter((each) => each.split(/(?<!\\)\|/).length !== 6)).toEqual([]);
  });

  it('tells what must be given', () => {
    expect(row('sources[].url')).toContain('| **must be given** |');
  });

  it('tells a default that is made while loading in words', () => {
    expect(row('sources[].startAt')).toContain('| seven days before the first start |');
  });

  it('tells a default as it would be written', () => {
    expect(row('destination.bundle.maxBytes')).toContain('| `4MiB` |');
  });

  it('lists a setting of every group', () => {
    const groups = new Set(rows.slice(2).map((each) => /^\| `(\w+)/.exec(each)?.[1]));
    expect([...groups]).toEqual(['sources', 'destination', 'patient', 'mapping', 'ledger', 'http', 'log']);
  });
});

describe('a page', () => {
  it('keeps what stands around the table', () => {
    const page = 'before\n<!-- configuration:start -->\nold\n<!-- configuration:end -->\nafter\n';
    expect(withConfigurationTable(page)).toBe(page.replace('old', rows.join('\n')));
  });

  it.each(['', '<!-- configuration:start -->', '<!-- configuration:end --><!-- configuration:start -->'])(
    'without both marks in their order is refused (%s)',
    (page) => {
      expect(() => withConfigurationTable(page)).toThrow('must stand there once');
    },
  );
});
