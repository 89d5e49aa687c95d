import { hash } from 'node:crypto';
import type { AuditLog } from './audit/audit-log.ts';
import type { Config } from './config/config.ts';
import type { Instant } from './exchange/window.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Mapping } from './mapping/mapping.ts';
import { makeSource } from './parts.ts';
import type { ScheduledSource } from './sync/sync-run.ts';
import type { VendorClocks } from './sync/vendor-clock.ts';

export interface SourceParts {
  readonly keySecret: string;
  /** By the name of the source. */
  readonly mappings: ReadonlyMap<string, Mapping>;
  readonly ledger: Pick<Ledger, 'budget'>;
  readonly clocks: VendorClocks;
  readonly audit: AuditLog;
  readonly now: () => Instant;
}

/** The sources as they are configured, each with what its reading goes by. */
export function scheduledSources(
  config: Config,
  { keySecret, mappings, ledger: { budget }, clocks, audit, now }: SourceParts,
): readonly ScheduledSource[] {
  const { canonicalBase } = config.mapping;
  return config.sources.flatMap((section) => {
    const mapping = mappings.get(section.name);
    if (mapping === undefined) return [];
    const unlisted = (count: number): void => audit({ event: 'fields_unknown', source: section.name, count });
    const source = clocks.watched(makeSource(section, { mapping, canonicalBase, keySecret, budget, now, unlisted }));
    const { startAt, settleDelay, lateness, requestsPerHour, rowCap } = section;
    const { longestWindowMs } = source;
    const limits = { startAt, settleDelayMs: settleDelay, latenessMs: lateness, longestWindowMs, requestsPerHour };
    return [
      {
        source,
        login: () => hash('sha256', section.password.reveal()),
        limits: { ...limits, ...(rowCap === undefined ? {} : { rowCap }) },
      },
    ];
  });
}
