import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('..', import.meta.url));

/** `A26, F10: …` is a test of both. */
const numbered = /['"`]((?:[A-H]\d{1,2})(?:, [A-H]\d{1,2})*): /g;

/** The numbers that the titles of a file begin with. */
function numbersIn(file: string): ReadonlySet<string> {
  const text = readFileSync(join(folder, file), 'utf8');
  return new Set([...text.matchAll(numbered)].flatMap(([, numbers = '']) => numbers.split(', ')));
}

const listed = readFileSync(join(folder, 'faults.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, number, fault = '', expected = '', tests = ''] =
      /^\|\s*([A-H]\d{1,2})\s*\|([^|]+)\|([^|]+)\|([^|]+)\|$/.exec(line) ?? [];
    return number === undefined
      ? []
      : [{ number, fault, expected, files: tests.split(', ').map((each) => each.trim()) }];
  });

describe('the list of faults', () => {
  it('has each number once, in order', () => {
    const numbers = listed.map(({ number }) => number);
    expect(new Set(numbers).size).toBe(numbers.length);
    const place = (number: string): string => number.slice(0, 1) + number.slice(1).padStart(2, '0');
    expect(numbers.map(place)).toEqual(numbers.map(place).toSorted());
    for (let number = 1; number <= 29; number += 1) expect(numbers).toContain(`A${number}`);
    for (let number = 1; number <= 10; number += 1) expect(numbers).toContain(`E${number}`);
  });

  it.each(listed)('$number has its test in each file that it names', ({ number, files }) => {
    expect(files).not.toEqual([]);
    for (const file of files) expect(numbersIn(file), file).toContain(number);
  });

  it('has a row for each numbered title, which names its file', () => {
    const missing = globSync('**/*.test.ts', { cwd: folder })
      .filter((file) => file !== 'house/faults.test.ts')
      .flatMap((file) =>
        [...numbersIn(file)]
          .filter((number) => !listed.some((row) => row.number === number && row.files.includes(file)))
          .map((number) => `${number} in ${file}`),
      );
    expect(missing).toEqual([]);
  });
});
