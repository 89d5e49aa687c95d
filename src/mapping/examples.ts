import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keySpace, type KeySpace } from '../exchange/record-key.ts';
import type { SourceRecord, VendorRow } from '../exchange/record.ts';
import { deviations, type ExampleDeviation } from './example-difference.ts';
import { exampleSettings, readExampleSettings, type ExampleSettings } from './example-settings.ts';
import type { Layers } from './layers.ts';
import { loadMapping, type LoadMappingOptions } from './load-mapping.ts';
import { messageId } from './message-id.ts';
import type { Mapping } from './mapping.ts';
import { hint, type MappingMistake } from './mistakes.ts';

/** One place in which an example and the mapping disagree. */
export interface ExampleDifference extends ExampleDeviation {
  /** The example's folder and file. */
  readonly example: string;
}

/** Whose examples. */
export type ExamplesOf = Pick<LoadMappingOptions, 'layers' | 'fields'>;

export interface ExamplesCheck {
  readonly examples: number;
  readonly differences: readonly ExampleDifference[];
}

/**
 * Maps the row of each example under `examples/` of the topmost layer and compares with what stands beside it:
 * `communication.json` for the message sent, `reply.json` for the text received, `problem.json` for what gives none.
 * `settings.json` may say what is set otherwise there: `{"patient": {"reference": "identifier"}}`.
 */
export function checkExamples({ layers, fields }: ExamplesOf): ExamplesCheck {
  const examples = exampleNames(layers);
  const differences = examples.flatMap((example) =>
    mapExample({ layers, fields }, example).flatMap(({ file, given, expected, mistake }) => {
      const found = mistake === undefined ? deviations(given, expected) : [{ element: 'file', message: mistake }];
      return found.map((difference) => ({ example: `${example}/${file}`, ...difference }));
    }),
  );
  return { examples: examples.length, differences };
}

/** The folders under `examples/` of the topmost layer, sorted. */
export function exampleNames(layers: Layers): readonly string[] {
  const examples = examplesIn(layers);
  if (!existsSync(examples)) return [];
  return readdirSync(examples, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted();
}

/** As many of the layers as have examples: a folder of the site's own need not have any. */
export function layersWithExamples(layers: Layers): Layers {
  const [base, ...overlays] = layers;
  const last = overlays.findLastIndex((folder) => exampleNames([base, folder]).length > 0);
  return [base, ...overlays.slice(0, last + 1)];
}

const topmost = (layers: Layers): string => layers.at(-1) ?? layers[0];

const examplesIn = (layers: Layers): string => join(topmost(layers), 'examples');
/** An example shows the same Communication everywhere: no secret is asked for the name of one without an id. */
const exampleName = 'example';

/** One message of an example: what the mapping gives for it, and what the file says. */
export interface MappedExample {
  readonly file: string;
  /** A Communication, or a problem. */
  readonly given?: unknown;
  readonly expected?: unknown;
  /** Why the two cannot be compared, and what to do. */
  readonly mistake?: string;
}

/** Maps one example. Files that cannot be read are mistakes, not errors. */
export function mapExample({ layers, fields }: ExamplesOf, example: string): readonly MappedExample[] {
  const path = (file: string): string => join(examplesIn(layers), example, file);
  const read = settingsOfExample(topmost(layers), example);
  if (read.kind === 'mistake') return [{ file: 'settings.json', mistake: read.mistake }];
  const keys = keySpace(exampleSettings.canonicalBase);
  const loaded = loadMapping({ layers, fields, keys, settings: read.settings });
  if (loaded.kind === 'invalid') return [{ file: 'settings.json', mistake: unloadable(loaded.problems) }];
  const row = rowIn(path('row.json'));
  if (row === undefined) return [{ file: 'row.json', mistake: rowMistake(path('row.json')) }];
  const stray = Object.keys(row).find((name) => !fields.includes(name));
  if (stray !== undefined) {
    return [{ file: 'row.json', mistake: `"${stray}" is no field of the source${hint(stray, fields)}` }];
  }
  const messages = messagesOf(row, keys, loaded.mapping).map((record): MappedExample => {
    const own = record.direction === 'outgoing' ? 'communication.json' : 'reply.json';
    const mapped = loaded.mapping.map(record);
    const file = mapped.kind === 'communication' || existsSync(path(own)) ? own : 'problem.json';
    const given = mapped.kind === 'communication' ? mapped.resource : mapped;
    const expected = jsonIn(path(file));
    if (mapped.kind !== 'communication' && file === own) {
      const why = `is not what the row becomes: it is ${mapped.kind} with ${mapped.problem.code}`;
      return { file, given, mistake: `${why}. Correct the row or the mapping, or put problem.json in its place` };
    }
    if (expected !== undefined) return { file, given, expected };
    const mistake = existsSync(path(file)) ? 'is no JSON' : 'is missing: write there what the row must become';
    return { file, given, mistake };
  });
  const told = new Set(messages.map(({ file }) => file));
  const left = ['communication.json', 'reply.json', 'problem.json'].filter(
    (file) => !told.has(file) && existsSync(path(file)),
  );
  return [...messages, ...left.map((file) => ({ file, mistake: 'nothing of the row becomes this: take it away' }))];
}

/** The mapping loads as the site is set up, so that it is the settings of all examples, or of this one, that do not fit. */
const unloadable = ([first]: readonly MappingMistake[]): string =>
  `does not fit the mapping: ${first?.file}:${first?.line} ${first?.element}: ${first?.message}`;

/** What the example in this folder is mapped with. */
export function settingsOfExample(folder: string, example: string): ExampleSettings {
  const file = join(folder, 'examples', example, 'settings.json');
  const json = jsonIn(file);
  return json === undefined && existsSync(file)
    ? { kind: 'mistake', mistake: 'is no JSON' }
    : readExampleSettings(json);
}

/** The messages of the row of an example in this folder; none where it cannot be read. */
export function exampleMessages(
  folder: string,
  example: string,
  keys: KeySpace,
  mapping: Pick<Mapping, 'stageOf'>,
): readonly SourceRecord[] {
  const row = rowIn(join(folder, 'examples', example, 'row.json'));
  return row === undefined ? [] : messagesOf(row, keys, mapping);
}

/** The messages of a row, as the source makes them: the one sent, and the text received where there is one. */
function messagesOf(row: VendorRow, keys: KeySpace, { stageOf }: Pick<Mapping, 'stageOf'>): readonly SourceRecord[] {
  const id = messageId(row);
  const text = row['incomingMessage'] ?? '';
  const thread = id === undefined ? keys.withoutId(exampleName) : keys.outgoing(id);
  const reply = text.trim() === '' ? undefined : keys.reply(id ?? thread, text);
  const shared = { thread, occurredAt: null, contentDigest: '', changeDigest: '' };
  const outgoing: SourceRecord = {
    ...shared,
    key: thread,
    direction: 'outgoing',
    related: reply === undefined ? [] : [reply],
    stage: stageOf(row),
    body: { ...row, incomingMessage: null },
  };
  if (reply === undefined) return [outgoing];
  const incoming: SourceRecord = {
    ...shared,
    key: reply,
    direction: 'incoming',
    related: [thread],
    stage: { rank: 3, final: true },
    body: { ...row, outgoingMessage: null },
  };
  return [outgoing, incoming];
}

function rowIn(file: string): VendorRow | undefined {
  const json = jsonIn(file);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const entries: readonly (readonly [string, unknown])[] = Object.entries(json);
  const texts = entries.flatMap(([name, value]) =>
    value === null || typeof value === 'string' ? [[name, value] as const] : [],
  );
  return texts.length === entries.length ? Object.fromEntries(texts) : undefined;
}

function rowMistake(file: string): string {
  if (!existsSync(file)) return 'is missing: write there a row as the vendor sends it';
  const json = jsonIn(file);
  if (json === undefined) return 'is no JSON';
  return Array.isArray(json)
    ? 'is a list: take the [ ] around the row away'
    : 'must be a JSON object of texts and nulls';
}

/** Undefined where there is no such file, or no JSON in it. */
function jsonIn(file: string): unknown {
  try {
    const json: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return json;
  } catch {
    return undefined;
  }
}
