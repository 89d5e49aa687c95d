import type { KeySpace } from '../exchange/record-key.ts';
import type { SourceRecord } from '../exchange/record.ts';
import { readCodes } from './codes-file.ts';
import { compileMapping } from './compile.ts';
import { explainer } from './explain.ts';
import { readLayers, type Layers } from './layers.ts';
import type { Mapping } from './mapping.ts';
import type { MappingMistake, Report } from './mistakes.ts';
import { checkNeeds } from './needs.ts';
import type { MappingSettings } from './settings.ts';
import { compileStages } from './stages.ts';

export interface LoadMappingOptions {
  /** The folder with `outgoing.yaml`, `reply.yaml` and `codes.yaml`, and those that lie over it, the topmost last. */
  readonly layers: Layers;
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
export function loadMapping({ layers, fields, keys, settings }: LoadMappingOptions): LoadedMapping {
  const problems = new Map<string, MappingMistake>();
  const report: Report = (place, element, message) => {
    // What a table cell names is made ready for each element that asks for it; one telling is enough.
    const name = [place.file, place.line, place.column, message].join(' ');
    if (!problems.has(name)) problems.set(name, { ...place, element, message });
  };
  const files = readLayers(layers, report);
  if (files !== undefined) {
    const surroundings = { fields, keys, settings };
    const codes = readCodes(files.codes, fields, report);
    const outgoing = compileMapping(files.outgoing, codes, surroundings, report);
    const incoming = compileMapping(files.reply, codes, surroundings, report);
    const stageOf = compileStages(codes, files.codes.place, report);
    for (const needs of files.needs) checkNeeds(needs, settings, report);
    if (problems.size === 0) {
      const map = byDirection(outgoing, incoming);
      const explain = byDirection(
        explainer(files.outgoing, codes, surroundings, outgoing),
        explainer(files.reply, codes, surroundings, incoming),
      );
      return { kind: 'loaded', mapping: { map, explain, stageOf } };
    }
  }
  return { kind: 'invalid', problems: [...problems.values()].toSorted(inOrder) };
}

const byDirection =
  <Made>(outgoing: (record: SourceRecord) => Made, incoming: (record: SourceRecord) => Made) =>
  (record: SourceRecord): Made =>
    record.direction === 'outgoing' ? outgoing(record) : incoming(record);

const inOrder = (a: MappingMistake, b: MappingMistake): number =>
  a.file.localeCompare(b.file, 'en') || a.line - b.line || a.column - b.column;
