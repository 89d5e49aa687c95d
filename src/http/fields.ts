import { instantOf } from '../exchange/instant.ts';
import { problemCodes } from '../exchange/problem.ts';
import { recordStates } from '../exchange/reports.ts';
import type { Instant } from '../exchange/window.ts';
import { refusal, type Refusal } from './problem-details.ts';

/** How one query parameter or one member of a JSON body is read. Nearly all of them are texts. */
export interface Field<Value> {
  /** For people: what would have been right. */
  readonly expects: string;
  /** Gives undefined for a text that is not one. */
  read(text: string): Value | undefined;
  /** A member of a JSON body that is no text; gives undefined for what is not one. */
  readonly readMember?: (value: unknown) => Value | undefined;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** What was given, read; what was not given is absent. */
export type Values<Table extends Fields> = {
  readonly [Name in keyof Table]?: Table[Name] extends Field<infer Value> ? Value : never;
};

type Reading<Table extends Fields> = { readonly kind: 'values'; readonly values: Values<Table> } | Refusal;

/** Reads a query; a name that is not in the table is refused, so that a typing error never widens a search. */
export function readQuery<Table extends Fields>(table: Table, query: Iterable<Given[number]>): Reading<Table> {
  const given = [...query];
  if (!knowsAll(table, given)) return refusal('unknown-parameter', known(table, 'query parameters'));
  const values = readEach(table, given);
  if (isComplete<Table>(values)) return { kind: 'values', values };
  return refusal('invalid-parameter', 'See errors. A parameter is given once; the "+" of a time is sent as %2B.', {
    members: { errors: errorsOf(table, values) },
  });
}

/** Reads a JSON object. */
export function readJson<Table extends Fields>(table: Table, json: string): Reading<Table> {
  let body: unknown;
  try {
    body = JSON.parse(json);
  } catch {
    return refusal('malformed-json', 'Send one JSON object.');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return refusal('invalid-body', 'Send one JSON object.');
  }
  const given: Given = Object.entries(body);
  if (!knowsAll(table, given)) return refusal('invalid-body', known(table, 'members'));
  const values = readEach(table, given);
  if (isComplete<Table>(values)) return { kind: 'values', values };
  return refusal('invalid-body', 'See errors.', { members: { errors: errorsOf(table, values) } });
}

type Given = readonly (readonly [name: string, text: unknown])[];

const knowsAll = (table: Fields, given: Given): boolean => given.every(([name]) => Object.hasOwn(table, name));

function known(table: Fields, what: string): string {
  const names = Object.keys(table);
  return names.length === 0 ? `There are no ${what} here.` : `Known ${what}: ${names.join(', ')}.`;
}

/** What cannot be read is undefined. */
const readEach = (table: Fields, given: Given): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    given.map(([name, value]) => {
      const field = table[name];
      return [name, typeof value === 'string' ? field?.read(value) : field?.readMember?.(value)];
    }),
  );

const isComplete = <Table extends Fields>(values: object): values is Values<Table> =>
  Object.values(values).every((value) => value !== undefined);

const errorsOf = (table: Fields, values: Readonly<Record<string, unknown>>) =>
  Object.entries(table)
    .filter(([name]) => Object.hasOwn(values, name) && values[name] === undefined)
    .map(([field, { expects }]) => ({ field, expects }));

export const oneOf = <Value extends string>(values: readonly Value[]): Field<Value> => ({
  expects: `one of ${values.join(', ')}`,
  read: (text) => values.find((value) => value === text),
});

export const matching = (pattern: RegExp, expects: string): Field<string> => ({
  expects,
  read: (text) => (pattern.test(text) ? text : undefined),
});

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

export const recordKey = matching(uuid, 'a record key: a UUID in lower case');
export const isRecordKey = (text: string): boolean => uuid.test(text);
export const recordState = oneOf(recordStates);
/** Not `oneOf`: the sentence would list forty codes. */
export const problemCode: Field<(typeof problemCodes)[number]> = {
  expects: 'a problem code of openapi.yaml, schema ProblemCode',
  read: (text) => problemCodes.find((code) => code === text),
};

export const sourceName: Field<string> = {
  expects: 'the name of a source, at most 100 characters',
  // PostgreSQL takes no NUL and no half of a character in a text.
  read: (text) => (/^\P{Cc}{1,100}$/u.test(text) && text.isWellFormed() ? text : undefined),
};

export const flag: Field<boolean> = {
  expects: 'true or false',
  read: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
};

/** Of a JSON body: `true`, not `"true"`. */
export const yesOrNo: Field<boolean> = {
  expects: 'true or false, without quotes',
  read: () => undefined,
  readMember: (value) => (typeof value === 'boolean' ? value : undefined),
};

const timestamp =
  /^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** RFC 3339. A time without an offset is not a moment, and is refused. */
export const instant: Field<Instant> = {
  expects: 'a time with an offset, like 2026-03-05T14:00:00Z',
  read: (text) => (timestamp.test(text) ? instantOf(text) : undefined),
};
