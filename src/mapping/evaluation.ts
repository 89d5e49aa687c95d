import type { Problem } from '../exchange/problem.ts';
import type { SourceRecord, VendorRow } from '../exchange/record.ts';

/** One record on its way to becoming a Communication. */
export interface Evaluation {
  readonly record: SourceRecord;
  readonly row: VendorRow;
  /** For each decision table that the mapping uses, the number of the row that fits. */
  readonly fitting: readonly number[];
  /** Why nothing will come of the record: the first reason that a formula found. */
  problem: Problem | undefined;
  /** Whether a text held code points that FHIR forbids. */
  replaced: boolean;
}

export const evaluationOf = (record: SourceRecord, fitting: readonly number[]): Evaluation => ({
  record,
  row: record.body,
  fitting,
  problem: undefined,
  replaced: false,
});

/** A formula bound to its fields: the value for this record, undefined where it is absent. */
export type Give = (evaluation: Evaluation) => unknown;

/** A part of a mapping, made ready: the same for every record, nothing, or one value for each record. */
export type Prepared =
  /** `chosen`: it came out of a formula, and so keeps the map around it. */
  | { readonly kind: 'constant'; readonly value: unknown; readonly chosen: boolean }
  /** `mistaken`: it would be there, but for a mistake that was reported. */
  | { readonly kind: 'absent'; readonly mistaken: boolean }
  | { readonly kind: 'varying'; readonly give: Give };

export const absent: Prepared = { kind: 'absent', mistaken: false };
export const mistaken: Prepared = { kind: 'absent', mistaken: true };
