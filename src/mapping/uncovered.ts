import { keySpace } from '../exchange/record-key.ts';
import type { Stage } from '../exchange/record.ts';
import { readCodes } from './codes-file.ts';
import { uncoveredBy, type ExampleMessage, type Uncovered } from './example-coverage.ts';
import { exampleMessages, exampleNames, settingsOfExample, type ExamplesOf } from './examples.ts';
import { layerName, readLayers } from './layers.ts';
import type { Report } from './mistakes.ts';

/**
 * What the topmost layer says and none of its examples shows, in the order of its files. Nothing for a mapping that does
 * not load: its mistakes are told elsewhere.
 */
export function uncoveredByExamples({ layers, fields }: ExamplesOf): readonly Uncovered[] {
  const untold: Report = () => {};
  const files = readLayers(layers, untold);
  if (files === undefined) return [];
  const mapping = {
    files: { outgoing: files.outgoing, incoming: files.reply },
    codes: readCodes(files.codes, fields, untold),
  };
  const top = layers.at(-1) ?? layers[0];
  const messages = exampleNames(layers).flatMap((example) => messagesIn(top, example));
  const own = `${layerName(layers[0], top)}/`;
  return uncoveredBy(messages, mapping, ({ file }) => file.startsWith(own));
}

function messagesIn(folder: string, example: string): readonly ExampleMessage[] {
  const read = settingsOfExample(folder, example);
  if (read.kind === 'mistake') return [];
  const { settings } = read;
  return exampleMessages(folder, example, keySpace(settings.canonicalBase), { stageOf: () => anyStage }).map(
    ({ direction, body }) => ({ direction, body, settings }),
  );
}

/** It decides nothing of what a message becomes. */
const anyStage: Stage = { rank: 0, final: false };
