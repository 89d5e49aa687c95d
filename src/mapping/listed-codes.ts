import type { Coding } from 'fhir/r4.js';
import type { VendorRow } from '../exchange/record.ts';
import { readCodes, type Codes } from './codes-file.ts';
import type { TableRow } from './decision-table.ts';
import { readLayers, type Layers } from './layers.ts';
import type { MapNode, MappingNode } from './mapping-file.ts';
import type { Report } from './mistakes.ts';

/** What becomes of a message that was not delivered, by its `messageStatus`. */
export interface StatusOutcome {
  /** Undefined: such a message is not written. */
  readonly status: string | undefined;
  readonly reason: Coding | undefined;
}

/** The vendor's codes that a mapping knows by name, and what it says of them. */
export interface ListedCodes {
  readonly statuses: readonly (StatusOutcome & { readonly code: string })[];
  /** Of a status that no row of the table names. */
  readonly otherStatus: StatusOutcome;
  readonly messageTypes: readonly string[];
}

/** A status that no table names. */
const unlisted = '\u{FFFF}';

/**
 * Reads what the tables `outcome` and `kind` of a mapping list. For one that loads: of one with mistakes, which are told
 * when it is loaded, less is read.
 */
export function readListedCodes(layers: Layers, fields: readonly string[]): ListedCodes {
  const untold: Report = () => {};
  const files = readLayers(layers, untold);
  if (files === undefined) return { statuses: [], otherStatus: outcomeOf(undefined, unlisted), messageTypes: [] };
  const codes = readCodes(files.codes, fields, untold);
  return {
    statuses: namedIn(files.codes, 'outcome', 'messageStatus').map((messageStatus) => ({
      code: asCode(messageStatus),
      ...outcomeOf(codes, messageStatus),
    })),
    otherStatus: outcomeOf(codes, unlisted),
    messageTypes: namedIn(files.codes, 'kind', 'messageType')
      .filter((messageType) => isWritten(codes, messageType))
      .map(asCode),
  };
}

/** As a `code` of FHIR is made fit. */
const asCode = (text: string): string => text.trim().replace(/\s+/g, ' ');

/** The texts that the rows of a table name in one of its fields, each once, spelt as where they stand first. */
function namedIn(codes: MapNode, table: string, field: string): readonly string[] {
  const [when, rows] = ['when', 'rows'].map((part) => itemsOf(partOf(partOf(partOf(codes, 'tables'), table), part)));
  const column = when?.findIndex((node) => textOf(node) === field) ?? -1;
  const named = new Map<string, string>();
  for (const row of rows ?? []) {
    const text = textOf(itemsOf(row)[column])?.trim() ?? '';
    const alike = text.toUpperCase();
    if (text !== '' && text !== '*' && !named.has(alike)) named.set(alike, text);
  }
  return [...named.values()];
}

function outcomeOf(codes: Codes | undefined, messageStatus: string): StatusOutcome {
  const cell = cellsOf(codes, 'outcome', { delivered: 'false', messageStatus });
  return { status: cell('status'), reason: codingOf(codes?.codings.get(cell('reason') ?? '')) };
}

const isWritten = (codes: Codes, messageType: string): boolean =>
  rowOf(codes, 'kind', { messageType })?.kind === 'cells';

const rowOf = (codes: Codes | undefined, table: string, row: VendorRow): TableRow | undefined => {
  const found = codes?.tables.get(table);
  return found?.rows[found.fittingRow(row)];
};

/** The constants in the row that fits, by column; undefined for a formula and for nothing. */
function cellsOf(codes: Codes | undefined, table: string, row: VendorRow): (column: string) => string | undefined {
  const found = rowOf(codes, table, row);
  const columns = codes?.tables.get(table)?.columns ?? [];
  return (column) => {
    const text = found?.kind === 'cells' ? textOf(found.cells[columns.indexOf(column)]) : undefined;
    return text === '-' || text?.startsWith('=') ? undefined : text;
  };
}

/** A coding of constants; one with formulas has no code that could be told beforehand. */
function codingOf(node: MappingNode | undefined): Coding | undefined {
  const [system, code, display] = ['system', 'code', 'display'].map((part) => textOf(partOf(node, part)));
  if (system === undefined || code === undefined || system.startsWith('=') || code.startsWith('=')) return undefined;
  return { system, code, ...(display === undefined || display.startsWith('=') ? {} : { display }) };
}

const partOf = (node: MappingNode | undefined, key: string): MappingNode | undefined =>
  node?.kind === 'map' ? node.entries.find((entry) => entry.key === key)?.node : undefined;

const itemsOf = (node: MappingNode | undefined): readonly MappingNode[] => (node?.kind === 'list' ? node.items : []);

const textOf = (node: MappingNode | undefined): string | undefined =>
  node?.kind === 'value' ? String(node.value) : undefined;
