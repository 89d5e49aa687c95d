import type { DecisionTable } from './decision-table.ts';
import type { Prepared } from './evaluation.ts';
import type { Place } from './mistakes.ts';

/** Where a value comes from: a constant or a formula of a mapping file, or a cell of a decision table. */
export type Origin =
  | { readonly kind: 'constant'; readonly place: Place }
  | { readonly kind: 'formula'; readonly place: Place; readonly text: string }
  | { readonly kind: 'cell'; readonly table: DecisionTable; readonly column: string; readonly row: number };

/** Makes a part ready under the name of its origin. */
export type Traced = (origin: Origin, prepare: () => Prepared) => Prepared;

/** How messages are mapped: nobody asks where a value comes from, so nothing is done for it. */
export const untraced: Traced = (_, prepare) => prepare();
