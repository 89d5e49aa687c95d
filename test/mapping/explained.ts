import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { ExplainedElement, Explanation, MappingPlace } from '../../src/exchange/explanation.ts';
import { folder } from './dialog-health.ts';

/** The resource that these elements are the values of. */
export function rebuilt(elements: readonly ExplainedElement[]): unknown {
  const top: Record<string, unknown> = {};
  for (const { element, value } of elements) {
    const steps = element.split(/[.[\]]+/).filter((step) => step !== '');
    let at: Record<string, unknown> = top;
    for (const [index, step] of steps.entries()) {
      const next = steps[index + 1];
      if (next === undefined) at[step] = value;
      else at = Object((at[step] ??= /^\d+$/.test(next) ? [] : {}));
    }
  }
  return top;
}

/** Elements of which the file does not say, at the place that is told, what is told of them. */
export function misplaced({ elements, tables }: Explanation): readonly string[] {
  const wrong = elements.filter(({ value, from, formula, table, named }) => {
    const constant = named === null && table === null ? String(value) : '';
    const inFile = from === null || lineAt(from).includes(formula ?? constant);
    const inTable = table === null || lineAt(table).trim().startsWith('- [');
    const there = named === null || lineAt(named).includes(named.formula ?? String(value));
    return !inFile || !inTable || !there;
  });
  const rows = tables.filter((table) => !lineAt(table).trim().startsWith('- ['));
  return [...wrong.map(({ element }) => element), ...rows.map(({ name }) => name)];
}

const lineAt = ({ file, line }: MappingPlace): string =>
  readFileSync(isAbsolute(file) ? file : join(folder, '..', file), 'utf8').split('\n')[line - 1] ?? '';
