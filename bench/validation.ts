import { fileURLToPath } from 'node:url';
import type { Communication } from 'fhir/r4.js';
import { keySpace } from '../src/exchange/record-key.ts';
import { checkCommunication } from '../src/mapping/communication-check.ts';
import { exampleSettings } from '../src/mapping/example-settings.ts';
import { exampleMessages, exampleNames } from '../src/mapping/examples.ts';
import { loadMapping } from '../src/mapping/load-mapping.ts';
import { siteValidator } from '../src/site-validation.ts';
import { messageResultFields } from '../src/sources/dialog-health/message-result.ts';
import type { Figure } from './bench.ts';
import { timed } from './stopwatch.ts';

const folder = fileURLToPath(new URL('../mappings/dialog-health', import.meta.url));
const checkRounds = 10_000;
const validationRounds = 50;

/** The check that each record goes through beside full validation, on the Communications of the examples. */
export async function benchValidation(): Promise<readonly Figure[]> {
  const communications = exampleCommunications();
  const validate = await siteValidator(exampleSettings.canonicalBase);
  const check = (each: Communication): boolean => checkCommunication(each).kind === 'valid';
  const fully = (each: Communication): boolean => validate(each).length === 0;
  // Warm before it is measured.
  repeat(communications, 5, (each) => check(each) && fully(each));
  const count = communications.length;
  return [
    await timed(
      { what: 'check: the Communications of the examples, each record', count: count * checkRounds, unit: 'messages' },
      () => repeat(communications, checkRounds, check),
    ),
    await timed({ what: 'check: the same, fully', count: count * validationRounds, unit: 'messages' }, () =>
      repeat(communications, validationRounds, fully),
    ),
  ];
}

function repeat(
  communications: readonly Communication[],
  rounds: number,
  isGood: (each: Communication) => boolean,
): void {
  for (let round = 0; round < rounds; round += 1) {
    if (!communications.every(isGood)) throw new Error('an example is not valid: run check');
  }
}

function exampleCommunications(): readonly Communication[] {
  const keys = keySpace(exampleSettings.canonicalBase);
  const loaded = loadMapping({ layers: [folder], fields: messageResultFields, keys, settings: exampleSettings });
  if (loaded.kind !== 'loaded') throw new Error('the mapping has mistakes: run check');
  const { mapping } = loaded;
  const messages = exampleNames([folder]).flatMap((name) => exampleMessages(folder, name, keys, mapping));
  return messages.flatMap((message) => {
    const mapped = mapping.map(message);
    return mapped.kind === 'communication' ? [mapped.resource] : [];
  });
}
