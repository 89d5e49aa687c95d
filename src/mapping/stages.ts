import type { Stage, VendorRow } from '../exchange/record.ts';
import type { Codes } from './codes-file.ts';
import { hint, type Place, type Report } from './mistakes.ts';
import { eventStatus, type EventStatus } from './r4-elements.ts';

/** How much is known of a message: a lower status does not replace a higher one. */
const ranks: Readonly<Record<EventStatus, number>> = {
  unknown: 0,
  preparation: 1,
  'in-progress': 1,
  'on-hold': 1,
  stopped: 2,
  'not-done': 2,
  completed: 3,
  'entered-in-error': 4,
};

const nothingKnown: Stage = { rank: ranks.unknown, final: false };

/**
 * How far a message has come, by the columns `status` and `stage` of table `outcome`: the rank follows from the status,
 * and `final` says that the vendor is not expected to change it. Mistakes are reported.
 */
export function compileStages(codes: Codes, top: Place, report: Report): (row: VendorRow) => Stage {
  const table = codes.tables.get('outcome');
  if (table === undefined) {
    if (!codes.tables.has('outcome'))
      report(top, 'outcome', 'is missing among the tables: it tells how far a message has come');
    return () => nothingKnown;
  }
  const [status, stage] = [table.columns.indexOf('status'), table.columns.indexOf('stage')];
  if (status === -1 || stage === -1) {
    report(table.place, 'outcome', 'needs the columns status and stage');
    return () => nothingKnown;
  }
  const stages = table.rows.map((row): Stage => {
    if (row.kind === 'refused') return nothingKnown;
    const [statusCell, stageCell] = [row.cells[status], row.cells[stage]];
    const known = eventStatus.find((code) => code === statusCell?.value);
    if (known === undefined) {
      const wrong = String(statusCell?.value);
      report(statusCell?.place ?? row.place, 'outcome.status', `"${wrong}" is no status${hint(wrong, eventStatus)}`);
    }
    if (stageCell?.value !== 'open' && stageCell?.value !== 'final') {
      report(stageCell?.place ?? row.place, 'outcome.stage', 'must be open or final');
    }
    return { rank: ranks[known ?? 'unknown'], final: stageCell?.value === 'final' };
  });
  return (row) => stages[table.fittingRow(row)] ?? nothingKnown;
}
