import type { Reader } from './setting.ts';

const durations = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const sizes = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;

interface Limits {
  readonly least: string;
  readonly most: string;
}

/** `90s`, `5m`, `6h`, `7d` as milliseconds. A number alone is refused: nobody can tell its unit. */
export const duration = (limits: Limits): Reader<number> =>
  quantity(durations, 'a duration such as 90s, 5m, 6h or 7d', limits);

/** `512KiB`, `64MiB`, `1GiB` as bytes. */
export const bytes = (limits: Limits): Reader<number> =>
  quantity(sizes, 'a size such as 512KiB, 64MiB or 1GiB', limits);

function quantity(units: Readonly<Record<string, number>>, kind: string, { least, most }: Limits): Reader<number> {
  const amount = (text: string): number | undefined => {
    const [, digits, unit = ''] = /^(\d{1,9}) ?([A-Za-z]+)$/.exec(text) ?? [];
    const size = Object.hasOwn(units, unit) ? units[unit] : undefined;
    return digits === undefined || size === undefined ? undefined : Number(digits) * size;
  };
  const [from = 0, to = Infinity] = [amount(least), amount(most)];
  return (text) => {
    const value = amount(text);
    if (value === undefined) return { kind: 'problem', problem: `is not ${kind}: write a whole number and its unit.` };
    if (value < from || value > to) {
      return { kind: 'problem', problem: `is out of range: write something from ${least} to ${most}.` };
    }
    return { kind: 'value', value };
  };
}
