import { fileURLToPath } from 'node:url';
import { keySpace } from '../src/exchange/record-key.ts';
import { exampleSettings } from '../src/mapping/example-settings.ts';
import { loadMapping } from '../src/mapping/load-mapping.ts';
import { readMessageResult, messageResultFields } from '../src/sources/dialog-health/message-result.ts';
import type { Figure } from './bench.ts';
import { timed } from './stopwatch.ts';
import { syntheticRow } from './synthetic-rows.ts';

const rows = 20_000;
const rounds = 10;
const canonicalBase = 'https://fhir.example-health.org';

/** From a vendor row to its messages, and from a message to its Communication; on one core, nothing else at work. */
export async function benchMapping(): Promise<readonly Figure[]> {
  const keys = keySpace(canonicalBase);
  const loaded = loadMapping({
    layers: [fileURLToPath(new URL('../mappings/dialog-health', import.meta.url))],
    fields: messageResultFields,
    keys,
    settings: {
      ...exampleSettings,
      canonicalBase,
      region: 'US',
      source: `${canonicalBase}/sid/dialog-health-writeback-api`,
      organization: { system: '', value: '', display: '', reference: '' },
      patient: { reference: 'literal', from: 'personId', system: `${canonicalBase}/sid/sms-person-id/BENCH` },
    },
  });
  if (loaded.kind !== 'loaded') throw new Error('the mapping has mistakes: run check');
  const { mapping } = loaded;
  const context = { source: 'bench', keys, stageOf: mapping.stageOf };
  const read = (index: number) => readMessageResult(syntheticRow(index), index, context);
  const records = Array.from({ length: rows }, (_, index) => read(index)).flatMap((reading) =>
    reading.kind === 'records' ? reading.records : [],
  );
  const mapAll = (): void => {
    for (const record of records) {
      if (mapping.map(record).kind !== 'communication') throw new Error('a synthetic message was not mapped');
    }
  };
  mapAll();
  return [
    await timed({ what: 'read: a row of the vendor into its messages', count: rows, unit: 'rows' }, () => {
      for (let index = 0; index < rows; index += 1) read(index);
    }),
    await timed(
      { what: 'map: a message into a checked Communication', count: records.length * rounds, unit: 'messages' },
      () => {
        for (let round = 0; round < rounds; round += 1) mapAll();
      },
    ),
  ];
}
