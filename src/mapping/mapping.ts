import type { Communication } from 'fhir/r4.js';
import type { Explanation } from '../exchange/explanation.ts';
import type { Problem } from '../exchange/problem.ts';
import type { SourceRecord, Stage, VendorRow } from '../exchange/record.ts';

/** What the mapping makes of one message. */
export type Mapped =
  | {
      readonly kind: 'communication';
      readonly resource: Communication;
      /** What the mapping says is to be counted, such as `status-unlisted`; most messages have nothing. */
      readonly counts: readonly string[];
    }
  /** Kept out of the chart on purpose: counted, listed, not sent. */
  | { readonly kind: 'skipped'; readonly problem: Problem }
  | { readonly kind: 'rejected'; readonly problem: Problem };

/** A loaded and checked mapping. Pure: the same record gives the same bytes; never throws for a record. */
export interface Mapping {
  readonly map: (record: SourceRecord) => Mapped;
  /** What made each element of what `map` gives, and what became of each field of the row. Slow: for people who look. */
  readonly explain: (record: SourceRecord) => Explanation;
  /** How far the row's outgoing message has come, by the decision table of its status. */
  readonly stageOf: (row: VendorRow) => Stage;
}
