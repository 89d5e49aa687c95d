import type { DecisionTable } from './decision-table.ts';
import type { Report } from './mistakes.ts';

/** The column of a table that says what is counted when a row fits. */
const column = 'count';

/** What is counted for a record: by the number of each table, the name in the row that fits. */
export type Counting = (fitting: readonly number[]) => readonly string[];

const nothing: readonly string[] = [];

/**
 * Binds the `count` columns of the tables. The names are words of the mapping, never of a message: they stand in
 * reports. A cell that is no such word is reported.
 */
export function countingOf(tables: readonly DecisionTable[], report: Report): Counting {
  const counted = tables.flatMap((table, number) => {
    const index = table.columns.indexOf(column);
    if (index === -1) return [];
    const names = table.rows.map((row) => {
      const cell = row.kind === 'cells' ? row.cells[index] : undefined;
      if (cell === undefined || cell.value === '-') return undefined;
      const name = String(cell.value);
      if (/^[a-z][a-z0-9-]{0,39}$/.test(name)) return name;
      report(cell.place, `${table.name}.${column}`, 'takes a word in small letters with hyphens, or "-" for nothing');
      return undefined;
    });
    return [{ number, names }];
  });
  return (fitting) => {
    let found: string[] | undefined;
    for (const { number, names } of counted) {
      const name = names[fitting[number] ?? -1];
      if (name !== undefined) (found ??= []).push(name);
    }
    return found ?? nothing;
  };
}
