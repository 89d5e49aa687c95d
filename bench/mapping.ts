import { isDeepStrictEqual } from 'node:util';
import { fileURLToPath } from 'node:url';
import { keySpace } from '../src/exchange/record-key.ts';
import type { SourceRecord } from '../src/exchange/record.ts';
import { exampleSettings } from '../src/mapping/example-settings.ts';
import { loadMapping } from '../src/mapping/load-mapping.ts';
import type { Mapping } from '../src/mapping/mapping.ts';
import { messageResultFields, readMessageResult } from '../src/sources/dialog-health/message-result.ts';
import type { Figure } from './bench.ts';
import { jsonataMapping } from './jsonata.ts';
import { timed } from './stopwatch.ts';
import { rowWithOwnNumber } from './synthetic-rows.ts';

const rows = 20_000;
const rounds = 10;
/** JSONata is slow: of the same messages it gets the first. */
const jsonataMessages = 2_500;

const settings = exampleSettings;
const keys = keySpace(settings.canonicalBase);

export interface MappingFigures {
  readonly figures: readonly Figure[];
  /** How many times as fast as JSONata the mapping is, both with numbers that they have seen before. */
  readonly timesJsonata: number;
}

/**
 * From a vendor row to its messages, and from a message to its Communication; on one core, nothing else at work. Cold: no
 * phone number was seen before, each row has another one. Warm: all were.
 */
export async function benchMapping(): Promise<MappingFigures> {
  // The program is run warm before it is measured, with a mapping of its own: what that one remembers is of no use.
  const context = { source: 'bench', keys, stageOf: freshMapping().stageOf };
  const read = (index: number): readonly SourceRecord[] => {
    const reading = readMessageResult(rowWithOwnNumber(index), index, context);
    return reading.kind === 'records' ? reading.records : [];
  };
  const records = Array.from({ length: rows }, (_, index) => read(index)).flat();
  for (const used of freshMappings()) mapAll(used, records);

  const mapping = freshMapping();
  mapAll(mapping, records);
  const few = records.slice(0, jsonataMessages);
  const jsonata = jsonataMapping(settings);
  await proveEqual(mapping, few, jsonata);

  const cold = freshMappings();
  const reading = await timed(
    { what: 'read: a row of the vendor into its messages', count: rows, unit: 'rows' },
    () => {
      for (let index = 0; index < rows; index += 1) read(index);
    },
  );
  const mapCold = await timed(
    {
      unit: 'messages',
      count: records.length * cold.length,
      what: 'map: into a checked Communication, every number new',
    },
    () => cold.forEach((each) => mapAll(each, records)),
  );
  const mapWarm = await timed(
    { unit: 'messages', count: records.length * rounds, what: 'map: the same again, every number seen before' },
    () => {
      for (let round = 0; round < rounds; round += 1) mapAll(mapping, records);
    },
  );
  const byJsonata = await timed(
    { unit: 'messages', count: few.length, what: 'map: the same in JSONata, unchecked, every number seen before' },
    async () => {
      for (const record of few) await jsonata(record);
    },
  );
  const rate = ({ count, seconds }: Figure): number => count / seconds;
  return { figures: [reading, mapCold, mapWarm, byJsonata], timesJsonata: rate(mapWarm) / rate(byJsonata) };
}

const freshMappings = (): readonly Mapping[] => Array.from({ length: 4 }, freshMapping);

/** One that has seen no phone number yet. */
function freshMapping(): Mapping {
  const layers = [fileURLToPath(new URL('../mappings/dialog-health', import.meta.url))] as const;
  const loaded = loadMapping({ layers, fields: messageResultFields, keys, settings });
  if (loaded.kind !== 'loaded') throw new Error('the mapping has mistakes: run check');
  return loaded.mapping;
}

function mapAll(mapping: Mapping, records: readonly SourceRecord[]): void {
  for (const record of records) {
    if (mapping.map(record).kind !== 'communication') throw new Error('a synthetic message was not mapped');
  }
}

/** What is compared must do the same work. */
async function proveEqual(
  mapping: Mapping,
  records: readonly SourceRecord[],
  jsonata: (record: SourceRecord) => Promise<unknown>,
): Promise<void> {
  for (const record of records) {
    const mapped = mapping.map(record);
    const ours = mapped.kind === 'communication' ? mapped.resource : mapped;
    // As JSON: JSONata marks its lists.
    const theirs: unknown = JSON.parse(JSON.stringify(await jsonata(record)));
    if (!isDeepStrictEqual(theirs, JSON.parse(JSON.stringify(ours))))
      throw new Error(`JSONata makes another ${record.key}`);
  }
}
