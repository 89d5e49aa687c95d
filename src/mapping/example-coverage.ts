import type { Direction, SourceRecord, VendorRow } from '../exchange/record.ts';
import type { Codes } from './codes-file.ts';
import { columnFunctions } from './column-functions.ts';
import type { DecisionTable, TableRow } from './decision-table.ts';
import { exampleSettings } from './example-settings.ts';
import { readFormula } from './formula.ts';
import type { MapNode, MappingNode, ValueNode } from './mapping-file.ts';
import type { Place } from './mistakes.ts';
import type { MappingSettings } from './settings.ts';
import { fieldFunctions } from './value-functions.ts';

/** A mapping that loads, as its files say it. */
export interface CoveredMapping {
  readonly files: Readonly<Record<Direction, MapNode>>;
  readonly codes: Codes;
}

/** A message of an example, and the settings that it is mapped with. */
export interface ExampleMessage extends Pick<SourceRecord, 'direction' | 'body'> {
  readonly settings: MappingSettings;
}

/** What no example shows: where it stands, and what is missing. */
export interface Uncovered {
  readonly place: Place;
  readonly message: string;
}

/** Something that an example is to show. What a message shows is called by the same names. */
interface Wanted extends Uncovered {
  readonly name: string;
}

/**
 * What of a mapping its examples leave unproved: a row of a table that no message fits; a field that a table looks at or
 * a formula reads, and that has text in none of the messages that come there; one that a formula reads, and that has
 * text in all of them; a coding or a party that no message gets.
 * @param isAsked of which places it is asked
 */
export function uncoveredBy(
  messages: readonly ExampleMessage[],
  mapping: CoveredMapping,
  isAsked: (place: Place) => boolean,
): readonly Uncovered[] {
  const shown = new Set(messages.flatMap((message) => shownBy(message, mapping)));
  const missing = wantedOf(mapping).filter(({ name, place }) => isAsked(place) && !shown.has(name));
  const firstOf = new Map(missing.toReversed().map((each) => [each.name, each]));
  return missing.filter((each) => firstOf.get(each.name) === each).map(({ place, message }) => ({ place, message }));
}

/** There is no message without these, so that no example can be without them either. */
const always: Readonly<Record<Direction, readonly string[]>> = {
  outgoing: ['outgoingMessageId'],
  incoming: ['outgoingMessageId', 'incomingMessage'],
};

const whose: Readonly<Record<Direction, string>> = { outgoing: 'a message sent', incoming: 'a text received' };

function wantedOf({ files, codes }: CoveredMapping): readonly Wanted[] {
  const directions = ['outgoing', 'incoming'] as const;
  return [
    ...directions.flatMap((direction) => [
      ...files[direction].entries.map(({ place }) => ({
        name: direction,
        place,
        message: `no example has ${whose[direction]}`,
      })),
      ...wantedIn(files[direction], always[direction]),
    ]),
    ...tablesIn(codes).flatMap((table) => [
      ...table.fields.map((field) => ({
        name: looked(table, field),
        place: table.place,
        message: `no example has text in ${field}, which table ${table.name} looks at`,
      })),
      ...table.rows.flatMap((row) => [
        { name: fitted(row), place: row.place, message: `no example fits this row of table ${table.name}` },
        // What the row is chosen by has text there, or has none.
        ...(row.kind === 'cells' ? row.cells.flatMap((cell) => wantedIn(cell, table.fields)) : []),
      ]),
    ]),
    ...[...codes.codings].flatMap(([name, node]) => [
      { name: coding(name), place: node.place, message: `no example gets the coding ${name}` },
      ...wantedIn(node),
    ]),
    ...[...codes.parties].flatMap(([name, { reference, contained }]) => [
      { name: party(name), place: reference.place, message: `no example gets the party ${name}` },
      ...wantedIn(reference),
      ...(contained === undefined ? [] : wantedIn(contained)),
    ]),
  ];
}

const wantedIn = (node: MappingNode, present: readonly string[] = []): readonly Wanted[] =>
  formulasIn(node).flatMap((formula) =>
    formula.fields.flatMap((field) => {
      const { place } = formula;
      const text = { name: read(formula, field, true), place, message: `no example has text in ${field} here` };
      const blank = { name: read(formula, field, false), place, message: `each example has text in ${field} here` };
      return present.includes(field) ? [text] : [text, blank];
    }),
  );

/** What a table keeps out of the chart shows the rows that it fits, and what the lack of a field comes to. */
function shownBy(message: ExampleMessage, { files, codes }: CoveredMapping): readonly string[] {
  const { direction, body } = message;
  const formulas = formulasIn(files[direction]);
  const asked = new Map(
    tablesIn(codes)
      .filter(({ name }) => formulas.some(({ table }) => table === name))
      .map((table) => [table.name, { table, row: table.rows[table.fittingRow(body)] }]),
  );
  const ofTables = [...asked.values()].flatMap(({ table, row }) => [
    ...(row === undefined ? [] : [fitted(row)]),
    ...table.fields.filter((field) => hasText(body, field)).map((field) => looked(table, field)),
  ]);
  const refusing = [...asked.values()].filter(({ row }) => row?.kind === 'refused').map(({ table }) => table);
  const lacked = refusing.flatMap(({ fields }) => fields.filter((field) => !hasText(body, field)));
  const blanks = formulas.flatMap((formula) =>
    formula.fields.filter((field) => lacked.includes(field)).map((field) => read(formula, field, false)),
  );
  return [direction, ...ofTables, ...(refusing.length > 0 ? blanks : formulas.flatMap(shownByFormula))];

  function shownByFormula(formula: Formula): readonly string[] {
    const { name, table, column } = formula;
    const cell = table === undefined ? undefined : cellOf(asked.get(table)?.table, asked.get(table)?.row, column);
    const names = name === 'labels' ? message.settings.labels : [String(cell?.value ?? formula.named ?? '-')];
    return [
      ...formula.fields.map((field) => read(formula, field, hasText(body, field))),
      ...(cell === undefined ? [] : formulasIn(cell).flatMap(shownByFormula)),
      ...names.flatMap((each) => shownByName(name, each)),
    ];
  }

  function shownByName(by: string, name: string): readonly string[] {
    if (by === 'coding' || by === 'labels') return shownIn(codes.codings.get(name), coding(name));
    if (by === 'party') return shownIn(codes.parties.get(name)?.reference, party(name));
    return by === 'contained' ? shownIn(codes.parties.get(name)?.contained, party(name)) : [];
  }

  function shownIn(node: MappingNode | undefined, name: string): readonly string[] {
    return node === undefined ? [] : [name, ...formulasIn(node).flatMap(shownByFormula)];
  }
}

const tablesIn = ({ tables }: Codes): readonly DecisionTable[] =>
  [...tables.values()].filter((each) => each !== undefined);

function cellOf(table: DecisionTable | undefined, row: TableRow | undefined, column = ''): ValueNode | undefined {
  const cell = row?.kind === 'cells' ? row.cells[table?.columns.indexOf(column) ?? -1] : undefined;
  return cell?.value === '-' ? undefined : cell;
}

/** A formula, and what it reads. */
interface Formula {
  readonly place: Place;
  readonly text: string;
  readonly name: string;
  readonly fields: readonly string[];
  /** The table and column it asks. */
  readonly table?: string;
  readonly column?: string;
  /** The coding or party it names without a table. */
  readonly named?: string;
}

function formulasIn(node: MappingNode): readonly Formula[] {
  if (node.kind === 'map') return node.entries.flatMap((entry) => formulasIn(entry.node));
  if (node.kind === 'list') return node.items.flatMap(formulasIn);
  const text = String(node.value);
  const formula = text.startsWith('=') ? readFormula(text) : undefined;
  if (formula?.kind !== 'formula') return [];
  const { name, arguments: given } = formula;
  const { place } = node;
  const shared = { place, text, name };
  if (Object.hasOwn(fieldFunctions, name)) return [{ ...shared, fields: [...given, ...readBesides(name)] }];
  if (!Object.hasOwn(columnFunctions, name)) return [{ ...shared, fields: [] }];
  const [first = '', column] = given[0]?.split('.') ?? [];
  return [{ ...shared, fields: [], ...(column === undefined ? { named: first } : { table: first, column }) }];
}

/** Fields that a function reads without their being named. */
const readBesides = (name: string): readonly string[] => (name === 'patient' ? [exampleSettings.patient.from] : []);

const hasText = (body: VendorRow, field: string): boolean => /\S/.test(body[field] ?? '');

const at = ({ file, line, column }: Place): string => `${file}:${line}:${column}`;
const fitted = ({ place }: TableRow): string => `row ${at(place)}`;
const looked = ({ name }: DecisionTable, field: string): string => `table ${name} ${field}`;
/** The same formula twice in a file is proved by one of them. */
const read = ({ place, text }: Formula, field: string, hasText: boolean): string =>
  `${place.file} ${text} ${field} ${hasText}`;
const coding = (name: string): string => `coding ${name}`;
const party = (name: string): string => `party ${name}`;
