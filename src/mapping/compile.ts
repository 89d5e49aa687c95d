import type { Problem } from '../exchange/problem.ts';
import type { SourceRecord } from '../exchange/record.ts';
import type { Codes } from './codes-file.ts';
import { checkCommunication } from './communication-check.ts';
import { countingOf } from './counting.ts';
import type { DecisionTable } from './decision-table.ts';
import { evaluationOf, type Give } from './evaluation.ts';
import { giveOf } from './joining.ts';
import type { MapNode } from './mapping-file.ts';
import type { Mapped } from './mapping.ts';
import type { Report } from './mistakes.ts';
import { narrativeOf } from './narrative.ts';
import { untraced, type Traced } from './origin.ts';
import { prepare } from './prepare.ts';
import type { Preparing } from './preparing.ts';
import type { Surroundings } from './settings.ts';

/** A mapping file made ready. */
export interface PreparedFile {
  /** In which each record is looked up, in the order of their numbers. */
  readonly tables: readonly DecisionTable[];
  readonly give: Give;
}

/** Every mistake is reported; a part with one is absent. */
export function prepareFile(
  file: MapNode,
  codes: Codes,
  surroundings: Surroundings,
  report: Report,
  traced: Traced,
): PreparedFile {
  const tables: DecisionTable[] = [];
  const preparing: Preparing = {
    codes,
    surroundings,
    report,
    lookedUp(table) {
      if (!tables.includes(table)) tables.push(table);
      return tables.indexOf(table);
    },
    insideTable: false,
    traced,
    prepare: (node, spot) => prepare(node, spot, { ...preparing, insideTable: true }),
  };
  return { give: giveOf(prepare(file, { path: '', type: 'Communication' }, preparing)), tables };
}

/**
 * Compiles one mapping file to a function from a record to its Communication, once. All mistakes are reported; with one
 * the function is of no use. Pure: no clock, no random, and for a record of texts and nulls it never throws.
 */
export function compileMapping(
  file: MapNode,
  codes: Codes,
  surroundings: Surroundings,
  report: Report,
): (record: SourceRecord) => Mapped {
  const { tables, give } = prepareFile(file, codes, surroundings, report, untraced);
  const counting = countingOf(tables, report);
  const { narrative } = surroundings.settings;
  return (record) => {
    const fitting = tables.map((table) => table.fittingRow(record.body));
    const refused = refusal(tables, fitting);
    if (refused !== undefined) return refused;
    const evaluation = evaluationOf(record, fitting);
    const resource = give(evaluation);
    if (evaluation.problem !== undefined) return { kind: 'rejected', problem: evaluation.problem };
    const checked = checkCommunication(resource);
    if (checked.kind === 'invalid')
      return { kind: 'rejected', problem: { code: 'resource-invalid', where: checked.where } };
    // It would be in nobody's chart, or in nobody's rightly.
    if (checked.resource.subject === undefined) {
      return { kind: 'rejected', problem: { code: 'person-id-missing', where: 'subject' } };
    }
    if (narrative) checked.resource.text = narrativeOf(checked.resource);
    const counts = counting(fitting);
    return {
      kind: 'communication',
      resource: checked.resource,
      counts: evaluation.replaced ? [...counts, replacedCodePoints] : counts,
    };
  };
}

/** Counted for a text that held code points which FHIR forbids. */
const replacedCodePoints = 'code-points-replaced';

/** What is to stay out of the chart is skipped, even where another table would keep it for a person. */
function refusal(tables: readonly DecisionTable[], fitting: readonly number[]): Mapped | undefined {
  let rejected: Mapped | undefined;
  for (const [number, table] of tables.entries()) {
    const row = table.rows[fitting[number] ?? -1];
    if (row?.kind !== 'refused') continue;
    const problem: Problem = { code: row.code, where: table.fields.join(', ') };
    if (row.state === 'skipped') return { kind: 'skipped', problem };
    rejected ??= { kind: 'rejected', problem };
  }
  return rejected;
}
