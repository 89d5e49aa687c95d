import type { ProblemCode } from '../exchange/problem.ts';
import type { VendorRow } from '../exchange/record.ts';
import type { ListNode, MapNode, MappingNode, ValueNode } from './mapping-file.ts';
import { hint, type Place, type Report } from './mistakes.ts';

/** A decision table: the first row that fits wins. */
export interface DecisionTable {
  readonly name: string;
  readonly place: Place;
  /** The fields that the rows look at. */
  readonly fields: readonly string[];
  /** The columns that the rows fill. */
  readonly columns: readonly string[];
  readonly rows: readonly TableRow[];
  /** The number of the first row that fits; there always is one. */
  readonly fittingRow: (row: VendorRow) => number;
}

export type TableRow =
  | { readonly kind: 'cells'; readonly place: Place; readonly cells: readonly ValueNode[] }
  /** `skip` keeps the message out of the chart, `reject` keeps it for a person. */
  | {
      readonly kind: 'refused';
      readonly place: Place;
      readonly state: 'skipped' | 'rejected';
      readonly code: ProblemCode;
    };

/** Fits anything. */
const anything = '*';

/** What a table may call the records that it rejects. */
export const rejections: readonly ProblemCode[] = ['mapping-refused', 'recipient-type-unknown'];

/** Reads `{when, then, rows, exact?, reject?}`. Undefined where the table cannot be used; mistakes are reported. */
export function readDecisionTable(
  name: string,
  node: MapNode,
  fields: readonly string[],
  report: Report,
  others: readonly string[] = [],
): DecisionTable | undefined {
  const parts = new Map(node.entries.map(({ key, node }) => [key, node]));
  const known = ['when', 'then', 'rows', 'exact', 'reject'];
  for (const { key, place } of node.entries) {
    if (!known.includes(key)) report(place, name, `"${key}" is no part of a table${hint(key, known)}`);
  }
  const namesOf = (part: string): readonly ValueNode[] => textsIn(parts.get(part), `${name}.${part}`, report);
  const when = namesOf('when');
  const columns = namesOf('then').map(textOf);
  for (const field of namesOf('exact')) {
    if (!when.some((each) => each.value === field.value))
      report(field.place, name, `"${textOf(field)}" is not under when`);
  }
  for (const field of when) {
    const wrong = textOf(field);
    if (!fields.includes(wrong))
      report(field.place, name, `"${wrong}" is no field of the source${hint(wrong, fields)}`);
  }
  const rows = parts.get('rows');
  if (when.length === 0 || columns.length === 0 || rows?.kind !== 'list' || rows.items.length === 0) {
    const meant = when.length + columns.length === 0 ? hint(name, others) : '';
    report(node.place, name, `needs lists when, then and rows${meant}`);
    return undefined;
  }
  const rejected = rejectionOf(parts.get('reject'), name, report);
  const places = [...when.map(textOf), ...columns];
  const shape = { name, places, looked: when.length, filled: columns.length, rejected, report };
  const read = rows.items.flatMap((row) => readRow(row, shape) ?? []);
  if (read.length < rows.items.length) return undefined;
  if (read.at(-1)?.when.some((cell) => cell !== anything) ?? true) {
    report(rows.items.at(-1)?.place ?? rows.place, name, 'the last row must fit everything: "*" in each of its places');
    return undefined;
  }
  const looked = when.map(textOf);
  const exact = new Set(namesOf('exact').map(textOf));
  const alike: Alike = (field, text) => (exact.has(field) ? text : text.trim().toUpperCase());
  const found = read.map(({ when, row }) => ({
    row,
    when: looked.map((field, at) => (when[at] === anything ? anything : alike(field, when[at] ?? anything))),
  }));
  reportUnreachable(name, found, report);
  return {
    name,
    place: node.place,
    fields: looked,
    columns,
    rows: read.map(({ row }) => row),
    fittingRow: fitter(
      looked,
      alike,
      found.map(({ when }) => when),
    ),
  };
}

/** What of a text of a field counts: cells fit whatever the case and the space around it, those of exact fields to the letter. */
type Alike = (field: string, text: string) => string;

interface RowShape {
  readonly name: string;
  /** What the fields that a row looks at are called, and the columns that it fills. */
  readonly places: readonly string[];
  /** How many fields a row looks at, and how many columns it fills. */
  readonly looked: number;
  readonly filled: number;
  readonly rejected: ProblemCode;
  readonly report: Report;
}

interface ReadRow {
  readonly when: readonly string[];
  readonly row: TableRow;
}

function readRow(node: MappingNode, shape: RowShape): ReadRow | undefined {
  const { name, rejected, report } = shape;
  const { place } = node;
  const all = textsIn(node, `${name}.rows`, report);
  const count = node.kind === 'list' ? node.items.length : 0;
  if (node.kind !== 'list' || all.length < count) return undefined;
  const when = all.slice(0, shape.looked).map(textOf);
  const formula = all.slice(0, shape.looked).find((cell) => textOf(cell).startsWith('='));
  if (formula !== undefined) report(formula.place, name, 'a row is chosen by a text, not by a formula');
  const cells = all.slice(shape.looked);
  const [first] = cells.map(textOf);
  if (cells.length === 1 && (first === 'skip' || first === 'reject')) {
    const skip = first === 'skip';
    const state = skip ? 'skipped' : 'rejected';
    return { when, row: { kind: 'refused', place, state, code: skip ? 'not-for-a-chart' : rejected } };
  }
  const refusing = cells.map(textOf).find((cell) => cell === 'skip' || cell === 'reject');
  if (refusing !== undefined) {
    report(place, name, `"${refusing}" stands alone in place of all columns; take the others out`);
    return undefined;
  }
  if (cells.length === shape.filled) return { when, row: { kind: 'cells', place, cells } };
  const cut = all.some((cell) => textOf(cell).endsWith(')') && !textOf(cell).startsWith('='));
  const cure = cut
    ? '. A comma inside [ ] ends the formula: put the whole formula in quotes'
    : `. They are: ${shape.places.join(', ')}`;
  const wanted = `${shape.looked + shape.filled} places (or ${shape.looked} and then skip or reject)`;
  report(place, name, `a row has ${wanted}, this one ${count}${cure}`);
  return undefined;
}

/** A row below one that fits all that it fits would never be used; one that an overlay lies over may well be. */
function reportUnreachable(name: string, rows: readonly ReadRow[], report: Report): void {
  for (const [number, { when, row }] of rows.entries()) {
    const earlier = rows
      .slice(0, number)
      .find(
        (above) =>
          above.row.place.file === row.place.file &&
          above.when.every((cell, at) => cell === anything || cell === when[at]),
      );
    if (earlier !== undefined)
      report(row.place, name, `this row is never used: the one in line ${earlier.row.place.line} fits first`);
  }
}

function rejectionOf(node: MappingNode | undefined, name: string, report: Report): ProblemCode {
  if (node === undefined) return 'mapping-refused';
  const named = rejections.find((code) => node.kind === 'value' && node.value === code);
  if (named === undefined) report(node.place, `${name}.reject`, `takes one of: ${rejections.join(', ')}`);
  return named ?? 'mapping-refused';
}

/** The texts of a list; what is no text is reported and left out. */
function textsIn(node: MappingNode | undefined, where: string, report: Report): readonly ValueNode[] {
  if (node === undefined) return [];
  if (node.kind !== 'list') {
    report(node.place, where, 'must be a list: [a, b]');
    return [];
  }
  return (node satisfies ListNode).items.flatMap((item) => {
    if (item.kind === 'value' && typeof item.value === 'string') return [item];
    report(item.place, where, item.kind === 'value' ? `write "${item.value}" in quotes` : 'must be a text');
    return [];
  });
}

const textOf = ({ value }: ValueNode): string => String(value);

/** "" is a field without text. */
function fitter(
  fields: readonly string[],
  alike: Alike,
  rows: readonly (readonly string[])[],
): (row: VendorRow) => number {
  const columns = fields.map((field, column) => ({
    field,
    // A field that no row looks at need not be read.
    matters: rows.some((cells) => cells[column] !== anything),
    cells: rows.map((cells) => (cells[column] === anything ? undefined : cells[column])),
  }));
  const looked = columns.filter(({ matters }) => matters);
  return (row) => {
    const values = looked.map(({ field }) => alike(field, row[field] ?? ''));
    for (let number = 0; number < rows.length - 1; number += 1) {
      let fits = true;
      for (let column = 0; column < looked.length && fits; column += 1) {
        const cell = looked[column]?.cells[number];
        fits = cell === undefined || cell === values[column];
      }
      if (fits) return number;
    }
    return rows.length - 1;
  };
}
