import type { TranslateConfig } from './config/config.ts';
import { keySpace } from './exchange/record-key.ts';
import type { Reading } from './exchange/record.ts';
import type { TranslateAnswer } from './http/operations.ts';
import type { Mapping } from './mapping/mapping.ts';
import { loadedMapping } from './parts.ts';
import { sourceKinds } from './sources/registry.ts';
import { explanationsOf, translationOf } from './sync/translation.ts';

export type Translator = (answer: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) => Promise<TranslateAnswer>;

/**
 * A vendor answer in, a FHIR Bundle out: no ledger, no network.
 * @param mapping that of the first source, where it is loaded already
 */
export function makeTranslator(config: TranslateConfig, mapping?: Mapping): Translator {
  const [source] = config.sources;
  const used = mapping ?? loadedMapping(config, source);
  const { canonicalBase, keySecret } = config.mapping;
  const context = {
    source: source.name,
    console: source.console,
    keys: keySpace(canonicalBase),
    keySecret: keySecret.reveal(),
    stageOf: used.stageOf,
  };
  return async (answer) => {
    const readings: Reading[] = [];
    const outcome = await sourceKinds['dialog-health'].readAnswer(streamed(answer), Infinity, context, (batch) => {
      readings.push(...batch);
      return Promise.resolve();
    });
    if (outcome.kind === 'failed') return { kind: 'not-an-answer', problem: { code: outcome.code } };
    return {
      kind: 'translated',
      translation: translationOf(readings, used),
      explanations: () => explanationsOf(readings, used),
    };
  };
}

async function* streamed(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncIterable<Uint8Array> {
  yield* chunks;
}
