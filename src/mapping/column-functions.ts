import type { DecisionTable, TableRow } from './decision-table.ts';
import { absent, mistaken, type Give, type Prepared } from './evaluation.ts';
import { giveOf } from './joining.ts';
import type { MappingNode, ValueNode } from './mapping-file.ts';
import { hint, type Place } from './mistakes.ts';
import type { Preparing, Spot } from './preparing.ts';
import type { TypeName } from './r4-elements.ts';
import { relatedMessages } from './related-messages.ts';

/** A function of a column of a decision table: what it makes of the cell of the row that fits. */
export interface ColumnFunction {
  /** The only type it can fill; undefined: the cell must fit whatever is there. */
  readonly gives?: TypeName;
  /** What a cell names; a formula may name it directly, without a table. */
  readonly names?: 'coding' | 'party';
  readonly ofCell: (cell: ValueNode, spot: Spot, preparing: Preparing) => Prepared;
}

export const columnFunctions: Readonly<Record<string, ColumnFunction>> = {
  /** The cell itself: a constant or a formula. */
  decide: { ofCell: (cell, spot, preparing) => preparing.prepare(cell, spot) },
  /** The Coding that the cell names. */
  coding: {
    gives: 'Coding',
    names: 'coding',
    ofCell: (cell, spot, preparing) => named(cell, 'coding', preparing.codes.codings, spot, preparing),
  },
  /** The reference to the party that the cell names. */
  party: {
    gives: 'Reference',
    names: 'party',
    ofCell: (cell, spot, preparing) => named(cell, 'party', partiesAs(preparing, 'reference'), spot, preparing),
  },
  /** The resource that the party is contained as; nothing for a party that is not. */
  contained: {
    gives: 'RelatedPerson',
    names: 'party',
    ofCell: (cell, spot, preparing) => named(cell, 'party', partiesAs(preparing, 'contained'), spot, preparing),
  },
  /** References to the other messages of the thread, where the cell says so. */
  related: {
    gives: 'Reference',
    ofCell(cell, { path }, { report, surroundings }) {
      if (cell.value === 'related') return { kind: 'varying', give: relatedMessages(surroundings) };
      report(cell.place, path, `"${cell.value}" says nothing here; write "related", or "-" for nothing`);
      return mistaken;
    },
  },
};

type Named = ReadonlyMap<string, MappingNode | undefined>;

const partiesAs = ({ codes }: Preparing, part: 'reference' | 'contained'): Named =>
  new Map([...codes.parties].map(([name, party]) => [name, party[part]]));

function named(cell: ValueNode, what: string, all: Named, spot: Spot, { report, prepare }: Preparing): Prepared {
  const name = String(cell.value);
  if (!all.has(name)) {
    report(cell.place, spot.path, `"${name}" is no ${what} of codes.yaml${hint(name, [...all.keys()])}`);
  }
  const node = all.get(name);
  return node === undefined ? absent : prepare(node, spot);
}

/** Binds `=function(table.column)`, or `=function(name)` where cells are names. A mistake is reported, and the part absent. */
export function prepareColumn(
  name: string,
  { gives, names, ofCell }: ColumnFunction,
  given: readonly string[],
  place: Place,
  spot: Spot,
  preparing: Preparing,
): Prepared {
  const mistake = (message: string): Prepared => {
    preparing.report(place, spot.path, message);
    return mistaken;
  };
  if (preparing.insideTable)
    return mistake(`=${name} cannot stand here: what a table gives does not ask a table again`);
  if (gives !== undefined && gives !== spot.type) return mistake(`=${name} gives a ${gives}; here goes a ${spot.type}`);
  const [argument = ''] = given;
  const [tableName = '', column, ...rest] = argument.split('.');
  if (given.length === 1 && names !== undefined && column === undefined) {
    return ofCell({ kind: 'value', place, value: argument }, spot, preparing);
  }
  if (given.length !== 1 || column === undefined || rest.length > 0) {
    const directly = names === undefined ? '' : `, or the name of a ${names}`;
    return mistake(`=${name} takes table.column of codes.yaml${directly}`);
  }
  const { tables } = preparing.codes;
  const table = tables.get(tableName);
  if (table === undefined) {
    // One that could not be read has been reported.
    if (tables.has(tableName)) return mistaken;
    return mistake(`"${tableName}" is no table of codes.yaml${hint(tableName, [...tables.keys()])}`);
  }
  const index = table.columns.indexOf(column);
  if (index === -1) return mistake(`"${column}" is no column of table "${tableName}"${hint(column, table.columns)}`);
  const prepared = (row: TableRow, number: number): Prepared =>
    preparing.traced({ kind: 'cell', table, column, row: number }, () =>
      preparedCell(row, index, ofCell, spot, preparing),
    );
  return byRow(table, prepared, preparing.lookedUp(table));
}

function preparedCell(
  row: TableRow,
  index: number,
  ofCell: ColumnFunction['ofCell'],
  spot: Spot,
  preparing: Preparing,
): Prepared {
  const cell = row.kind === 'cells' ? row.cells[index] : undefined;
  return cell === undefined || cell.value === '-' ? absent : ofCell(cell, spot, preparing);
}

function byRow(table: DecisionTable, prepared: (row: TableRow, number: number) => Prepared, number: number): Prepared {
  const gives: readonly Give[] = table.rows.map((row, at) => giveOf(prepared(row, at)));
  return { kind: 'varying', give: (evaluation) => gives[evaluation.fitting[number] ?? -1]?.(evaluation) };
}
