import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { KeySpace } from '../exchange/record-key.ts';
import { readCodes } from './codes-file.ts';
import { compileMapping } from './compile.ts';
import { readMappingFile, type MapNode } from './mapping-file.ts';
import type { Mapping } from './mapping.ts';
import type { MappingMistake, Report } from './mistakes.ts';
import type { MappingSettings } from './settings.ts';
import { compileStages } from './stages.ts';

export interface LoadMappingOptions {
  /** Holds `outgoing.yaml`, `reply.yaml` and `codes.yaml`. */
  readonly folder: string;
  /** The fields of the source's rows: the names a formula may use. */
  readonly fields: readonly string[];
  readonly keys: KeySpace;
  readonly settings: MappingSettings;
}

export type LoadedMapping =
  | { readonly kind: 'loaded'; readonly mapping: Mapping }
  /** Every mistake at once, in the order of the files. */
  | { readonly kind: 'invalid'; readonly problems: readonly MappingMistake[] };

/** Reads and compiles a mapping. Nothing is accepted in part: one mistake, and there is no mapping. */
export function loadMapping({ folder, fields, keys, settings }: LoadMappingOptions): LoadedMapping {
  const problems = new Map<string, MappingMistake>();
  const report: Report = (place, element, message) => {
    // What a table cell names is made ready for each element that asks for it; one telling is enough.
    const name = [place.file, place.line, place.column, message].join(' ');
    if (!problems.has(name)) problems.set(name, { ...place, element, message });
  };
  const read = (name: string): MapNode | undefined => readFile(folder, name, report);
  const [codesFile, outgoingFile, replyFile] = [read('codes.yaml'), read('outgoing.yaml'), read('reply.yaml')];
  if (codesFile !== undefined && outgoingFile !== undefined && replyFile !== undefined) {
    const surroundings = { fields, keys, settings };
    const codes = readCodes(codesFile, fields, report);
    const outgoing = compileMapping(outgoingFile, codes, surroundings, report);
    const incoming = compileMapping(replyFile, codes, surroundings, report);
    const stageOf = compileStages(codes, codesFile.place, report);
    if (problems.size === 0) {
      const map: Mapping['map'] = (record) => (record.direction === 'outgoing' ? outgoing(record) : incoming(record));
      return { kind: 'loaded', mapping: { map, stageOf } };
    }
  }
  return { kind: 'invalid', problems: [...problems.values()].toSorted(inOrder) };
}

function readFile(folder: string, name: string, report: Report): MapNode | undefined {
  const file = `${basename(folder)}/${name}`;
  let text: string;
  try {
    text = readFileSync(join(folder, name), 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    report(
      { file, line: 1, column: 1 },
      name,
      `cannot be read${code}; a mapping has outgoing.yaml, reply.yaml and codes.yaml`,
    );
    return undefined;
  }
  return readMappingFile(file, text, report);
}

const inOrder = (a: MappingMistake, b: MappingMistake): number =>
  a.file.localeCompare(b.file, 'en') || a.line - b.line || a.column - b.column;
