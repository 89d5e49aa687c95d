import type { ExplainedElement, ExplainedTable, Explanation, MappingPlace } from '../exchange/explanation.ts';
import { problemSentence } from '../exchange/problem.ts';
import type { SourceRecord } from '../exchange/record.ts';
import type { Codes } from './codes-file.ts';
import { prepareFile } from './compile.ts';
import type { DecisionTable } from './decision-table.ts';
import { evaluationOf } from './evaluation.ts';
import type { MapNode } from './mapping-file.ts';
import type { Mapped } from './mapping.ts';
import type { Origin } from './origin.ts';
import type { Surroundings } from './settings.ts';
import { leavesOf, stampedBy, type Leaf, type Step } from './trace.ts';
import { makeWatch } from './watch.ts';

/** A table that the record was looked up in. */
interface Asked {
  readonly table: DecisionTable;
  /** The number of the row that fits. */
  readonly row: number;
  /** The fields that it depended on. */
  readonly fields: readonly string[];
}

/** `compileExplanation`, done when the first explanation is asked for. */
export function explainer(...parts: Parameters<typeof compileExplanation>): (record: SourceRecord) => Explanation {
  let explain: ((record: SourceRecord) => Explanation) | undefined;
  return (record) => (explain ??= compileExplanation(...parts))(record);
}

/**
 * Compiles one mapping file a second time, so that each value keeps its origin on the way into the Communication. What
 * becomes of a record is taken from `map`, which does without: what is explained is what is sent.
 * @param file without mistakes
 */
function compileExplanation(
  file: MapNode,
  codes: Codes,
  surroundings: Surroundings,
  map: (record: SourceRecord) => Mapped,
): (record: SourceRecord) => Explanation {
  const [fieldsRead, settingsRead] = [makeWatch(), makeWatch()];
  const { tables, give } = prepareFile(
    file,
    codes,
    { ...surroundings, settings: settingsRead.of(surroundings.settings) },
    () => {},
    stampedBy(fieldsRead, settingsRead),
  );
  return (record) => {
    const body = fieldsRead.of(record.body);
    const asked = tables.map((table): Asked => {
      const [row, fields] = fieldsRead.during(() => table.fittingRow(body));
      return { table, row, fields };
    });
    const mapped = map(record);
    const elements = mapped.kind === 'communication' ? explained(mapped.resource) : [];
    const problem = mapped.kind === 'communication' ? undefined : mapped.problem;
    const used = new Set([...[...elements, ...asked].flatMap(({ fields }) => fields), problem?.where]);
    return {
      key: record.key,
      direction: record.direction,
      outcome: mapped.kind,
      code: problem?.code ?? null,
      problem: problem === undefined ? null : problemSentence(problem),
      elements,
      tables: asked.map(explainedTable),
      unused: Object.keys(record.body).filter((field) => hasText(field) && !used.has(field)),
    };

    function explained(resource: unknown): readonly ExplainedElement[] {
      const made = give(
        evaluationOf(
          { ...record, body },
          asked.map(({ row }) => row),
        ),
      );
      const origins = new Map(leavesOf(made).map(({ element, steps }) => [element, steps]));
      return leavesOf(resource).map((leaf) => explainedElement(leaf, origins.get(leaf.element) ?? [], fieldsOf));
    }

    /** A table depends on blank fields too; a formula only skips them. */
    function fieldsOf({ origin, fields }: Step): readonly string[] {
      const looked = origin.kind === 'cell' ? asked.find(({ table }) => table === origin.table)?.fields : undefined;
      return [...(looked ?? []), ...fields.filter(hasText)];
    }

    function hasText(field: string): boolean {
      return /\S/.test(record.body[field] ?? '');
    }
  };
}

function explainedTable({ table, row, fields }: Asked): ExplainedTable {
  const fitting = table.rows[row];
  const says = fitting?.kind !== 'refused' ? 'cells' : fitting.state === 'skipped' ? 'skip' : 'reject';
  return { name: table.name, row: row + 1, fields, says, ...placeOf({ kind: 'cell', table, column: '', row }) };
}

/** What no step led to is no part of the mapping: the narrative, which is made of the finished Communication. */
function explainedElement(
  { element, value }: Leaf,
  steps: readonly Step[],
  fieldsOf: (step: Step) => readonly string[],
): ExplainedElement {
  const [first, ...further] = steps;
  const cell = steps.map(({ origin }) => origin).find((origin) => origin.kind === 'cell');
  const last = further.at(-1);
  const settings = first === undefined ? ['narrative'] : steps.flatMap((step) => step.settings);
  return {
    element,
    value,
    from: first === undefined ? null : placeOf(first.origin),
    formula: first === undefined ? null : formulaOf(first.origin),
    table:
      cell === undefined ? null : { name: cell.table.name, column: cell.column, row: cell.row + 1, ...placeOf(cell) },
    named:
      last === undefined || last.origin.kind === 'cell'
        ? null
        : { formula: formulaOf(last.origin), ...placeOf(last.origin) },
    fields: [...new Set(steps.flatMap(fieldsOf))],
    settings: [...new Set(settings.map(configured))],
  };
}

const formulaOf = (origin: Origin): string | null => (origin.kind === 'formula' ? origin.text : null);

/** A setting as it is called in the configuration; the source's address is made of the canonical base. */
function configured(setting: string): string {
  if (setting.startsWith('patient.')) return setting;
  return `mapping.${setting === 'source' ? 'canonicalBase' : setting}`;
}

/** Of a cell, that of its row. */
function placeOf(origin: Origin): MappingPlace {
  const { file, line } = origin.kind === 'cell' ? (origin.table.rows[origin.row] ?? origin.table).place : origin.place;
  return { file, line };
}
