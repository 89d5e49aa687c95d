import type { Codes } from './codes-file.ts';
import type { DecisionTable } from './decision-table.ts';
import type { Prepared } from './evaluation.ts';
import type { MappingNode } from './mapping-file.ts';
import type { Report } from './mistakes.ts';
import type { Traced } from './origin.ts';
import type { TypeName } from './r4-elements.ts';
import type { Surroundings } from './settings.ts';

/** What every part of one mapping file is made ready with. */
export interface Preparing {
  readonly codes: Codes;
  readonly surroundings: Surroundings;
  readonly report: Report;
  /** The number of the table among those that a record is looked up in; each is looked up once per record. */
  readonly lookedUp: (table: DecisionTable) => number;
  /** Whether this is a cell, or what a cell names: it may not ask a table in its turn. */
  readonly insideTable: boolean;
  /** Each constant, formula and cell is made ready within it, so that a mapping can tell what made a value. */
  readonly traced: Traced;
  /** Makes a cell ready, or what a cell names. */
  readonly prepare: (node: MappingNode, spot: Spot) => Prepared;
}

/** The place in the resource that a part fills: its path, and what R4 wants there. */
export interface Spot {
  readonly path: string;
  readonly type: TypeName;
  /** The codes of a required value set. */
  readonly codes?: readonly string[] | undefined;
}
