const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const weekdays = 'sun mon tue wed thu fri sat'.split(' ');

interface Field {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly names?: readonly string[];
}

const seconds: Field = { name: 'second', from: 0, to: 59 };
const minutes: Field = { name: 'minute', from: 0, to: 59 };
const fields: readonly Field[] = [
  seconds,
  minutes,
  { name: 'hour', from: 0, to: 23 },
  { name: 'day of the month', from: 1, to: 31 },
  { name: 'month', from: 1, to: 12, names: months },
  { name: 'day of the week', from: 0, to: 7, names: weekdays },
];

export type CronExpression =
  | { readonly kind: 'valid'; /** In an hour in which it runs at all. */ readonly runsPerHour: number }
  | { readonly kind: 'invalid'; readonly problem: string };

/** Five fields, or six with seconds first. Says what is wrong; the scheduler itself checks again. */
export function readCron(text: string): CronExpression {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== 5 && parts.length !== 6) {
    return { kind: 'invalid', problem: 'is not a cron expression: write five fields, minute hour day month weekday.' };
  }
  const all = parts.length === 5 ? ['0', ...parts] : parts;
  const counts = fields.map((field, index) => valuesOf(all[index] ?? '', field));
  const wrong = fields.find((_, index) => counts[index] === undefined);
  if (wrong !== undefined) {
    const { name, from, to } = wrong;
    return {
      kind: 'invalid',
      problem: `has a wrong ${name}: write *, */5, or numbers and ranges from ${from} to ${to}.`,
    };
  }
  return { kind: 'valid', runsPerHour: (counts[0] ?? 1) * (counts[1] ?? 1) };
}

/** How many values a field such as `0-20/5,45` takes; undefined where it cannot be read. */
function valuesOf(text: string, field: Field): number | undefined {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const [, range = '', step = '1'] = /^([^/]+)(?:\/(\d{1,2}))?$/.exec(part) ?? [];
    const [from, to] = boundsOf(range, field);
    // The scheduler takes no step from a single number on: `10-59/5`, not `10/5`.
    if (part.includes('/') && range !== '*' && !range.includes('-')) return undefined;
    if (from === undefined || to === undefined || from > to || Number(step) < 1) return undefined;
    for (let value = from; value <= to; value += Number(step)) values.add(value);
  }
  return values.size;
}

function boundsOf(range: string, field: Field): readonly [number | undefined, number | undefined] {
  if (range === '*') return [field.from, field.to];
  const [first = '', last, ...more] = range.split('-');
  if (more.length > 0) return [undefined, undefined];
  const from = numberOf(first, field);
  return [from, last === undefined ? from : numberOf(last, field)];
}

function numberOf(text: string, { from, to, names }: Field): number | undefined {
  const named = names?.indexOf(text.slice(0, 3).toLowerCase()) ?? -1;
  if (named >= 0 && text.length === 3) return named + (names === months ? 1 : 0);
  if (!/^\d{1,2}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= from && value <= to ? value : undefined;
}
