import type { AuditLog } from '../audit/audit-log.ts';
import type { BackfillView, Page } from '../exchange/reports.ts';
import { ceilToGrain, floorToGrain, isoInstant, type Instant, type TimeWindow } from '../exchange/window.ts';
import type { BackfillJob, Ledger, PageRequest } from '../ledger/ledger.ts';
import { backfillView, type ReadSource } from './backfill-view.ts';
import type { PlanLimits } from './tiers.ts';

/** For the log; null for what is not known. */
export interface AskedBy {
  readonly user: string | null;
  readonly requestId: string | null;
}

export interface BackfillRequest {
  /** May be left out where there is one. */
  readonly source?: string;
  readonly range: TimeWindow;
  readonly order: BackfillJob['order'];
  /** Every message in it is sent again, also where nothing has changed. */
  readonly resend: boolean;
}

export type BegunBackfill =
  /** `there`: the same was begun before and is not over; this is it, as it is now. */
  | { readonly kind: 'begun' | 'there'; readonly job: BackfillView }
  | { readonly kind: 'not-past'; readonly why: NotPast }
  /** No source has the name, or none was named and there are several. */
  | { readonly kind: 'unknown-source'; readonly known: readonly string[] };

export type MovedBackfill =
  | { readonly kind: 'moved'; readonly job: BackfillView }
  /** It had come to its end, or was stopped, before. */
  | { readonly kind: 'over'; readonly job: BackfillView }
  | { readonly kind: 'not-there' };

export interface BackfillJobs {
  begin(request: BackfillRequest, by: AskedBy): Promise<BegunBackfill>;
  get(id: string): Promise<BackfillView | undefined>;
  /** The newest first. */
  list(page: PageRequest): Promise<Page<BackfillView>>;
  move(id: string, to: 'running' | 'paused' | 'stopped', by: AskedBy): Promise<MovedBackfill>;
}

export interface BackfillJobsParts {
  readonly ledger: Pick<Ledger, 'backfills' | 'coverage' | 'budget'>;
  readonly sources: readonly { readonly name: string; readonly limits: PlanLimits }[];
  readonly audit: AuditLog;
  readonly now: () => Instant;
  readonly newId: () => string;
  /** A job is there to be read. */
  readonly wake: () => void;
}

/** Jobs that read past ranges, as people begin, look at and move them. What reads them is the loop's affair. */
export function makeBackfillJobs({ ledger, sources, audit, now, newId, wake }: BackfillJobsParts): BackfillJobs {
  async function readSource(name: string): Promise<ReadSource> {
    const limits = sources.find((each) => each.name === name)?.limits;
    const perHour = limits === undefined ? 0 : await ledger.budget.learned(name, limits.requestsPerHour, now());
    return { state: await ledger.coverage.state(name), limits, perHour };
  }

  const viewOf = async (job: BackfillJob): Promise<BackfillView> =>
    backfillView(job, await readSource(job.source), now());

  return {
    async begin({ source, range, order, resend }, { user, requestId }) {
      const known = sources.map(({ name }) => name);
      const name = source ?? (known.length === 1 ? known[0] : undefined);
      if (name === undefined || !known.includes(name)) return { kind: 'unknown-source', known };
      const past = pastRange(range, now());
      if (typeof past === 'string') return { kind: 'not-past', why: past };
      const id = newId();
      const job = await ledger.backfills.begin({ id, source: name, range: past, order, resend, startedAt: now() });
      if (job.id !== id) return { kind: 'there', job: await viewOf(job) };
      const { from, to } = past;
      const asked = { source: name, from: isoInstant(from), to: isoInstant(to), order, resend };
      audit({ event: 'backfill_begun', backfillId: id, ...asked, user, requestId });
      wake();
      return { kind: 'begun', job: await viewOf(job) };
    },
    async get(id) {
      const job = await ledger.backfills.get(id);
      return job === undefined ? undefined : viewOf(job);
    },
    async list(page) {
      const { items, next } = await ledger.backfills.list(page);
      const names = [...new Set(items.map(({ source }) => source))];
      const read = new Map(await Promise.all(names.map(async (name) => [name, await readSource(name)] as const)));
      const shown = items.flatMap((job) => {
        const source = read.get(job.source);
        return source === undefined ? [] : [backfillView(job, source, now())];
      });
      return { items: shown, next };
    },
    async move(id, to, { user, requestId }) {
      const before = await ledger.backfills.get(id);
      if (before === undefined) return { kind: 'not-there' };
      if (before.finishedAt !== undefined) return { kind: 'over', job: await viewOf(before) };
      const job = (await ledger.backfills.move(id, to, now())) ?? before;
      // It may have come to its end meanwhile.
      if (job.state !== to) return { kind: 'over', job: await viewOf(job) };
      if (before.state !== to) {
        audit({ event: 'backfill_moved', backfillId: id, source: job.source, state: to, user, requestId });
        wake();
      }
      return { kind: 'moved', job: await viewOf(job) };
    },
  };
}

/** Why a range cannot be read: it ends where it begins, or before; or it ends in a minute that has not begun. */
export type NotPast = 'empty' | 'future';

/** The range in whole minutes, all that it touches; the same text always gives the same range. */
export function pastRange({ from, to }: TimeWindow, now: Instant): TimeWindow | NotPast {
  if (from >= to) return 'empty';
  if (to > ceilToGrain(now)) return 'future';
  return { from: floorToGrain(from), to: ceilToGrain(to) };
}
