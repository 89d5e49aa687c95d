import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { startEhr, type EhrOptions, type RunningEhr } from '../../sandbox/ehr/ehr.ts';
import type { AuditEvent } from '../../src/audit/audit-event.ts';
import { fhirServerAt } from '../destinations/served.ts';
import { dayMs, type Instant } from '../../src/exchange/window.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { Mapping } from '../../src/mapping/mapping.ts';
import { makeDeliveryLoop, type DeliveryLoop } from '../../src/sync/delivery.ts';
import { keptAudit, message, reading } from '../support/scripted.ts';
import { mapping as shortMapping } from './delivering.ts';

const source = 'main-clinic';

/** With elements that a server may drop. */
const mapping: Mapping = {
  ...shortMapping,
  map(record) {
    const mapped = shortMapping.map(record);
    if (mapped.kind !== 'communication') return mapped;
    const extension = [{ url: 'https://fhir.example-health.org/carrier', valueString: 'Invented Mobile' }];
    return { ...mapped, resource: { ...mapped.resource, extension, sent: '2026-03-10T11:00:00Z' } };
  },
};

/** Delivery loops over one ledger, each with a destination of its own, before the sandbox's EHR. */
export interface Sandboxed {
  readonly ehr: RunningEhr;
  readonly ledger: Ledger;
  readonly loops: readonly DeliveryLoop[];
  readonly events: readonly AuditEvent[];
  readonly clock: { at: Instant };
  /** These messages were read, each with that status. */
  read(ids: readonly string[], status?: string, rank?: 1 | 2 | 3): Promise<void>;
  /** All loops at once, until nothing is due within two seconds. */
  deliver(): Promise<void>;
  /** For each message the statuses of its copies. */
  held(): Readonly<Record<string, readonly string[]>>;
}

export async function openSandboxed(
  ehrOptions: EhrOptions,
  options: { readonly loops?: number; readonly batch?: number; readonly readBackEveryMs?: number } = {},
): Promise<Sandboxed> {
  const { loops: count = 1, batch = 100, ...others } = options;
  const folder = mkdtempSync(join(tmpdir(), 'sandboxed-'));
  const clock = { at: Date.parse('2026-03-10T12:00:00Z') };
  const now = (): Instant => clock.at;
  const ehr = await startEhr({ referentialIntegrity: false, ...ehrOptions });
  const ledger = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}`, access: 'owner', now });
  const { audit, events } = keptAudit();
  const pause = async (ms: number): Promise<void> => {
    clock.at += ms;
    await new Promise((resolve) => setImmediate(resolve));
  };
  const destinations = Array.from({ length: count }, () =>
    fhirServerAt(ehr.url, { timeoutMs: 10_000, now, sleep: pause }),
  );
  const loops = destinations.map((destination) =>
    makeDeliveryLoop({
      ledger,
      destination,
      mappings: () => Promise.resolve({ dialect: 'r4', why: 'scripted', bySource: new Map([[source, mapping]]) }),
      audit,
      now,
      sleep: pause,
      random: () => 0,
      reached: () => {},
      batch,
      concurrency: 2,
      patientMaxWaitMs: 30 * dayMs,
      ...others,
    }),
  );
  onTestFinished(async () => {
    for (const loop of loops) await loop.stop(0);
    await ledger.close();
    await ehr.close();
    for (const destination of destinations) await destination.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    ehr,
    ledger,
    loops,
    events,
    clock,
    async read(ids, status = 'DELIVERED', rank = 3) {
      await ledger.messages.record(source, clock.at, [reading(...ids.map((id) => message(id, status, rank)))]);
    },
    deliver: async () => void (await Promise.all(loops.map((loop) => loop.settled()))),
    held() {
      const copies: Record<string, string[]> = {};
      for (const resource of ehr.store.all('Communication')) {
        const { identifier, statusReason }: HeldMessage = resource;
        (copies[identifier?.[0]?.value ?? 'none'] ??= []).push(statusReason?.text ?? 'none');
      }
      return copies;
    },
  };
}

interface HeldMessage {
  readonly identifier?: readonly { readonly value?: string }[];
  readonly statusReason?: { readonly text?: string };
}
