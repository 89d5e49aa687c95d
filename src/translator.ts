import type { TranslateConfig } from './config/config.ts';
import { keySpace } from './exchange/record-key.ts';
import type { Reading } from './exchange/record.ts';
import type { TranslateAnswer } from './http/operations.ts';
import { loadedMapping } from './parts.ts';
import { sourceKinds } from './sources/registry.ts';
import { translationOf } from './sync/translation.ts';

export type Translator = (answer: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) => Promise<TranslateAnswer>;

/** A vendor answer in, a FHIR Bundle out, by the mapping of the first source: no ledger, no network. */
export function makeTranslator(config: TranslateConfig): Translator {
  const [source] = config.sources;
  const keys = keySpace(config.mapping.canonicalBase);
  const mapping = loadedMapping(config, source);
  const context = { source: source.name, keys, stageOf: mapping.stageOf };
  return async (answer) => {
    const readings: Reading[] = [];
    const outcome = await sourceKinds['dialog-health'].readAnswer(streamed(answer), Infinity, context, (batch) => {
      readings.push(...batch);
      return Promise.resolve();
    });
    if (outcome.kind === 'failed') return { kind: 'not-an-answer', problem: { code: outcome.code } };
    return { kind: 'translated', translation: translationOf(readings, mapping) };
  };
}

async function* streamed(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncIterable<Uint8Array> {
  yield* chunks;
}
