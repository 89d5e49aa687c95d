import type { Database } from '../database/database.ts';

/** One step from an older shape of the tables to the next. Once released it is never edited; there is no way back. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  /** Run in order, in one transaction together with the note that they were. */
  readonly statements: (engine: Database['engine']) => readonly string[];
}
