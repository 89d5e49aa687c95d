import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keySpace, type KeySpace } from '../exchange/record-key.ts';
import type { SourceRecord, VendorRow } from '../exchange/record.ts';
import { differencesBetween, type JsonDifference } from './example-difference.ts';
import { exampleSettings, readExampleSettings } from './example-settings.ts';
import type { Layers } from './layers.ts';
import { loadMapping, type LoadMappingOptions } from './load-mapping.ts';
import { messageId } from './message-id.ts';
import type { Mapping } from './mapping.ts';

/** One place in which an example and the mapping disagree. */
export interface ExampleDifference extends JsonDifference {
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
    mapExample({ layers, fields }, example).flatMap(({ file, given, expected }) =>
      differencesBetween(given, expected).map((difference) => ({ example: `${example}/${file}`, ...difference })),
    ),
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

/** An example shows the same Communication everywhere: no secret is asked for the name of one without an id. */
const exampleName = 'example';

const examplesIn = (layers: Layers): string => join(layers.at(-1) ?? layers[0], 'examples');

/** One message of an example: what the mapping gives for it, and what the file says. */
export interface MappedExample {
  readonly file: string;
  /** A Communication, or a problem; or in words why there is neither. */
  readonly given: unknown;
  readonly expected: unknown;
}

/** Maps one example. Files that cannot be read are differences, not errors. */
export function mapExample({ layers, fields }: ExamplesOf, example: string): readonly MappedExample[] {
  const path = (file: string): string => join(examplesIn(layers), example, file);
  const read = readExampleSettings(jsonIn(path('settings.json')));
  if (read.kind === 'mistake') return [{ file: 'settings.json', given: undefined, expected: read.mistake }];
  const keys = keySpace(exampleSettings.canonicalBase);
  const loaded = loadMapping({ layers, fields, keys, settings: read.settings });
  if (loaded.kind === 'invalid')
    return [{ file: 'row.json', given: 'the mapping cannot be loaded', expected: undefined }];
  const row = rowIn(path('row.json'));
  if (row === undefined) {
    return [{ file: 'row.json', given: undefined, expected: 'a JSON object of texts and nulls' }];
  }
  const messages = messagesOf(row, keys, loaded.mapping).map((record) => {
    const own = record.direction === 'outgoing' ? 'communication.json' : 'reply.json';
    const mapped = loaded.mapping.map(record);
    const file = mapped.kind === 'communication' || existsSync(path(own)) ? own : 'problem.json';
    return { file, given: mapped.kind === 'communication' ? mapped.resource : mapped, expected: jsonIn(path(file)) };
  });
  const told = new Set(messages.map(({ file }) => file));
  const left = ['communication.json', 'reply.json', 'problem.json'].filter(
    (file) => !told.has(file) && existsSync(path(file)),
  );
  return [...messages, ...left.map((file) => ({ file, given: undefined, expected: jsonIn(path(file)) }))];
}

/** The messages of the row of an example in this folder; none where it cannot be read. */
export function exampleMessages(
  folder: string,
  example: string,
  keys: KeySpace,
  mapping: Mapping,
): readonly SourceRecord[] {
  const row = rowIn(join(folder, 'examples', example, 'row.json'));
  return row === undefined ? [] : messagesOf(row, keys, mapping);
}

/** The messages of a row, as the source makes them: the one sent, and the text received where there is one. */
function messagesOf(row: VendorRow, keys: KeySpace, { stageOf }: Mapping): readonly SourceRecord[] {
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

/** Undefined where there is no such file, or no JSON in it. */
function jsonIn(file: string): unknown {
  try {
    const json: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return json;
  } catch {
    return undefined;
  }
}
