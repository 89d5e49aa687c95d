import type { ExplainedElement, ExplainedTable, Explanation, MappingPlace } from '../exchange/explanation.ts';
import { aligned, shownValue } from './columns.ts';

/**
 * An explanation as lines for a terminal: what became of the message; each element, its value and what made it; the
 * decision tables it was looked up in; the vendor's fields that were not used.
 * @param show without `values` the lines hold nothing of the message but which of its fields have text
 */
export function explanationLines(explanation: Explanation, show: { readonly values: boolean }): readonly string[] {
  const { key, direction, outcome, code, problem, elements, tables, unused } = explanation;
  const became = outcome === 'communication' ? 'a Communication' : `${outcome}: ${code}: ${problem}`;
  const columns = elements.map((element) => [
    element.element,
    ...(show.values ? [shownValue(element.value)] : []),
    `<- ${madeBy(element, tables)}`,
    element.table === null ? '' : `${element.table.name} row ${element.table.row}`,
    shownPlaces([element.from, element.table, element.named].filter((place) => place !== null)),
  ]);
  return [
    `message ${key} (${direction}): ${became}`,
    ...[...aligned(columns), ...aligned(tables.map(tableColumns))].map((line) => `  ${line}`),
    ...(unused.length === 0 ? [] : [`  not used: ${unused.join(', ')}`]),
  ];
}

/** The formulas; and the fields that neither they nor the table name, such as the id of the person. */
function madeBy(
  { from, formula, named, table, fields, settings }: ExplainedElement,
  tables: readonly ExplainedTable[],
): string {
  if (from === null) return settings.join(', ');
  const formulas = [formula, named?.formula].filter((each) => each != null).join(' -> ');
  const looked = tables.find(({ name }) => name === table?.name)?.fields ?? [];
  const further = fields.filter((field) => !formulas.includes(field) && !looked.includes(field));
  return [formulas === '' ? 'constant' : formulas, ...further].join(', ');
}

const tableColumns = ({ name, row, fields, says, ...place }: ExplainedTable): readonly string[] => [
  `table ${name}`,
  `row ${row}${says === 'cells' ? '' : `: ${says}`}`,
  `<- ${fields.length === 0 ? 'any message' : fields.join(', ')}`,
  shownPlaces([place]),
];

/** `file:line,line file:line`. */
function shownPlaces(places: readonly MappingPlace[]): string {
  const lines = Map.groupBy(places, ({ file }) => file);
  return [...lines]
    .map(([file, within]) => `${file}:${[...new Set(within.map(({ line }) => line))].join(',')}`)
    .join(' ');
}
