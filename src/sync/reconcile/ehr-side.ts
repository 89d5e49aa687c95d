import type { Communication } from 'fhir/r4.js';
import type { Delivery, Held } from '../../exchange/delivery.ts';
import type { RecordKey } from '../../exchange/record-key.ts';
import type { SourceRecord } from '../../exchange/record.ts';
import type { StoredMessage } from '../../ledger/ledger.ts';
import type { Mapping } from '../../mapping/mapping.ts';
import type { EhrReader } from './ehr-reader.ts';
import { elementDifferences, type ElementDifference } from './element-differences.ts';
import type { AtEhr } from './reconcile.ts';

/** A message that is looked for at the EHR. */
export interface Sought {
  readonly key: RecordKey;
  /** As the vendor shows it, with the replies that delivery would link. */
  readonly record?: SourceRecord;
  readonly ledger?: StoredMessage;
}

/** What the EHR holds of the messages. */
export interface EhrSide {
  /** Of those that it could be asked for. */
  readonly at: ReadonlyMap<RecordKey, AtEhr>;
  /** Those that the vendor shows and the mapping makes no Communication of. */
  readonly unmapped: ReadonlySet<RecordKey>;
}

export interface EhrSideParts {
  readonly mapping: Mapping;
  /** The vendor's fields that change no message by themselves. */
  readonly travelling: readonly string[];
  readonly ehr: EhrReader;
  /** Told after each message that was looked for at the EHR. */
  readonly compared: (done: number, of: number) => void;
}

/** Each message is mapped when its turn comes, and forgotten once its answer is there: memory holds a few at a time. */
export async function readEhrSide(
  { mapping, travelling, ehr, compared }: EhrSideParts,
  sought: readonly Sought[],
  signal: AbortSignal,
): Promise<EhrSide> {
  const at = new Map<RecordKey, AtEhr>();
  const unmapped = new Set<RecordKey>();
  const onTheWay = new Map<RecordKey, (resource: Held & { kind: 'there' }) => readonly ElementDifference[]>();
  let done = 0;

  function* deliveries(): Iterable<Delivery> {
    for (const { key, record, ledger } of sought) {
      const mapped = record === undefined ? undefined : mapping.map(record);
      if (mapped !== undefined && mapped.kind !== 'communication') unmapped.add(key);
      if (record !== undefined && mapped?.kind === 'communication') {
        const { resource } = mapped;
        onTheWay.set(key, (held) => [
          ...placeDifference(ledger, held.reference),
          ...elementDifferences(resource, held.resource, { record, mapping, travelling }),
        ]);
        yield deliveryOf(key, resource, ledger);
      } else if (ledger?.reference !== undefined) {
        // Its content is gone, or is none: whether the EHR has it is told by where the EHR keeps it.
        yield deliveryOf(key, { resourceType: 'Communication', status: 'unknown' }, ledger);
      } else {
        done += 1;
      }
    }
  }

  await ehr.read(
    deliveries(),
    ({ key }, held) => {
      at.set(key, asFound(held, onTheWay.get(key)));
      onTheWay.delete(key);
      done += 1;
      compared(done, sought.length);
    },
    signal,
  );
  return { at, unmapped };
}

const deliveryOf = (key: RecordKey, resource: Communication, ledger: StoredMessage | undefined): Delivery => ({
  key,
  resource,
  unsure: false,
  ...(ledger?.reference === undefined ? {} : { knownReference: ledger.reference }),
  ...(ledger?.version === undefined ? {} : { knownVersion: ledger.version }),
});

/** Under another id than it told: a write to the one would not meet the other. */
const placeDifference = (ledger: StoredMessage | undefined, reference: string): readonly ElementDifference[] =>
  ledger?.reference === undefined || ledger.reference === reference ? [] : [{ element: 'id', travels: false }];

function asFound(
  held: Held,
  differences: ((held: Held & { kind: 'there' }) => readonly ElementDifference[]) | undefined,
): AtEhr {
  switch (held.kind) {
    case 'absent':
      return held;
    case 'there':
      return {
        kind: 'there',
        differences: differences?.(held) ?? [],
        ...(held.foreign === undefined ? {} : { foreign: held.foreign }),
      };
    case 'unknown':
      if (held.problem.code === 'deleted-at-ehr') return { kind: 'absent' };
      if (held.problem.code === 'multiple-matches') return { kind: 'doubled' };
      return held;
  }
}
