import type { Bundle } from 'fhir/r4.js';
import { problemSentence, type ProblemCode } from './problem.ts';
import type { RecordKey } from './record-key.ts';
import type { Direction } from './record.ts';
import type { Translation } from './reports.ts';

/** Where something stands in the files of a mapping; the first line is 1. */
export interface MappingPlace {
  readonly file: string;
  readonly line: number;
}

/** A decision table that a message was looked up in, and the row that fitted; the first row is 1. */
export interface ExplainedTable extends MappingPlace {
  readonly name: string;
  readonly row: number;
  /** The vendor's fields that it depended on. */
  readonly fields: readonly string[];
  /** skip and reject stand for the whole row: the message did not become a Communication. */
  readonly says: 'cells' | 'skip' | 'reject';
}

/** One value of a Communication, and what made it. */
export interface ExplainedElement {
  /** Its path in the Communication: `extension[3].valueString`. */
  readonly element: string;
  readonly value: string | number | boolean;
  /** Where the mapping says what goes there; null: a setting alone adds it (the narrative). */
  readonly from: MappingPlace | null;
  /** The formula there; null: a constant. */
  readonly formula: string | null;
  /** The cell that the formula asked for. */
  readonly table: (MappingPlace & { readonly name: string; readonly column: string; readonly row: number }) | null;
  /** What the cell or the formula leads to: the constant, or the formula, that gave the value. */
  readonly named: (MappingPlace & { readonly formula: string | null }) | null;
  /** The vendor's fields that took part: those that the table looked at, and those with text that a formula read. */
  readonly fields: readonly string[];
  /** The settings of the configuration that took part. */
  readonly settings: readonly string[];
}

/**
 * What the mapping made of one message, and out of what. It holds the message itself: it is for whoever handed the
 * message in, and goes into no log.
 */
export interface Explanation {
  readonly key: RecordKey;
  readonly direction: Direction;
  readonly outcome: 'communication' | 'skipped' | 'rejected';
  readonly code: ProblemCode | null;
  /** Why there is no Communication, for people. */
  readonly problem: string | null;
  /** Every value of the Communication, in its order; none where there is no Communication. */
  readonly elements: readonly ExplainedElement[];
  readonly tables: readonly ExplainedTable[];
  /** The vendor's fields that have text here, and made nothing and decided nothing. */
  readonly unused: readonly string[];
}

/** A row that could not be read, for people and programs; position 0 is the first row. */
export interface UnreadableRow {
  readonly position: number;
  readonly code: ProblemCode;
  readonly where: string | null;
  readonly problem: string;
}

export const unreadableRow = ({ position, problem }: Translation['unreadable'][number]): UnreadableRow => ({
  position,
  code: problem.code,
  where: problem.where ?? null,
  problem: problemSentence(problem),
});

/** A translation in which every message is explained, those that are not in the Bundle too. */
export interface ExplainedTranslation {
  readonly bundle: Bundle;
  readonly unreadable: readonly UnreadableRow[];
  readonly explanations: readonly Explanation[];
}

export const explainedTranslation = (
  { bundle, unreadable }: Translation,
  explanations: Iterable<Explanation>,
): ExplainedTranslation => ({
  bundle,
  unreadable: unreadable.map(unreadableRow),
  explanations: [...explanations],
});
