import type { AuditLog } from '../audit/audit-log.ts';
import type { ProblemCode } from '../exchange/problem.ts';
import type { RecordKey } from '../exchange/record-key.ts';
import type { Reading } from '../exchange/record.ts';
import type { SourceRunReport } from '../exchange/reports.ts';
import type { Tier } from '../exchange/tier.ts';
import { isoInstant, type Instant, type TimeWindow } from '../exchange/window.ts';
import type { AnswerSize, CoverageState, Ledger, RecordCounts } from '../ledger/ledger.ts';
import type { ReadOutcome, Source } from '../sources/source.ts';
import { knownEnough, type ReadFacts, type ReadVerdict } from './read-verdict.ts';
import type { Reached } from './reached.ts';
import { isCapped, looksCutOff, mayBeCutOff } from './row-cap.ts';
import { SeenKeys } from './seen-keys.ts';
import { ProblemTally } from './tally.ts';
import { budgetShare, type PlanLimits } from './tiers.ts';
import { asked, halves, isGrain, type Piece } from './window-plan.ts';

export interface WindowReaderParts {
  readonly ledger: Ledger;
  readonly audit: AuditLog;
  readonly now: () => Instant;
  /** New work for the delivery loop. */
  readonly recorded: () => void;
  readonly reached: Reached;
}

export interface WindowReaderRequest {
  readonly runId: string;
  readonly source: Source;
  readonly limits: PlanLimits;
  readonly signal: AbortSignal;
}

/** More lower statuses than this share of an answer come from an old copy of the vendor's data. */
const believableShare = 0.05;
const believableCount = 5;

type Totals = { -readonly [field in Exclude<keyof RecordCounts, 'setApart'>]: RecordCounts[field] };

const noCounts = (): Totals => ({
  added: 0,
  changed: 0,
  known: 0,
  unreadable: 0,
  unreadableKnown: 0,
  lowered: 0,
  resent: 0,
});

export interface Read {
  readonly outcome: ReadOutcome;
  readonly counts: Totals;
  /** Outgoing messages that lie in the window. */
  readonly within: number;
  readonly readAt: Instant;
}

/** Together with what it is judged by. */
export interface ReadWhole extends Read {
  readonly known: number;
  /** Whether the answer is cut off, where it looked so; unknown where the hour's requests did not suffice to tell. */
  readonly cutOff?: boolean | 'unknown';
}

export const factsOf = ({ known, cutOff }: ReadWhole): Pick<ReadFacts, 'known' | 'cutOff'> =>
  cutOff === undefined ? { known } : { known, cutOff };

/** Reads windows of one source into the ledger for one run, and counts what came of it. Decides nothing. */
export class WindowReader {
  readonly problems = new ProblemTally();
  readonly #parts: WindowReaderParts;
  readonly #request: WindowReaderRequest;
  readonly #totals = noCounts();
  #windows = 0;
  #rows = 0;
  #vanished = 0;

  constructor(parts: WindowReaderParts, request: WindowReaderRequest) {
    this.#parts = parts;
    this.#request = request;
  }

  report(): SourceRunReport {
    const { added, changed, known, resent, unreadable, unreadableKnown } = this.#totals;
    return {
      name: this.#request.source.name,
      windows: this.#windows,
      read: this.#rows,
      new: added,
      changed,
      unchanged: known,
      resent,
      unreadable: unreadable + unreadableKnown,
      vanished: this.#vanished,
      problems: this.problems.counts(),
    };
  }

  /**
   * Reads a window, and its halves where the answer looks cut off; when one of those fails, the whole has failed: but for
   * want of requests, since what was spent in vain would be spent so again in the next hour.
   */
  async readWhole({ window, tier, backfill }: Piece, { size }: CoverageState): Promise<ReadWhole> {
    const resend = backfill?.resend ?? false;
    const read = await this.read(window, tier, resend);
    const { outcome, within } = read;
    const known = await this.known(window, outcome, size);
    if (isGrain(window) || outcome.kind === 'failed') return { ...read, known };
    if (isCapped(outcome.rows, this.#request.limits, size)) return { ...read, known };
    if (!looksCutOff({ window, rows: outcome.rows, missing: known - within }, size, this.#parts.now()))
      return { ...read, known };
    // Messages that its parts hold. One that is as large as the whole may be cut off like it, and is read in parts only
    // when the others tell nothing.
    let found = 0;
    const parts: TimeWindow[] = [];
    const large = [{ window, within: 0 }];
    while (found <= within) {
      const part = parts.shift();
      if (part === undefined) {
        const whole = large.shift();
        if (whole === undefined) return { ...read, known, cutOff: false };
        found -= whole.within;
        parts.push(...(halves(whole.window) ?? []));
        continue;
      }
      const half = await this.read(part, tier, resend);
      if (half.outcome.kind === 'failed') return { ...read, known, ...notLookedInto(half.outcome) };
      found += half.within;
      // Not where the vendor gives what was not asked for.
      const mayBeCut = half.outcome.rows >= outcome.rows && half.within * 2 >= half.outcome.rows;
      if (mayBeCut && !isGrain(part)) large.push({ window: part, within: half.within });
    }
    // There may have come more in the meantime: a cap gives the same number once more.
    const again = await this.read(window, tier, resend);
    if (again.outcome.kind === 'failed') return { ...read, known, ...notLookedInto(again.outcome) };
    return again.outcome.rows === outcome.rows ? { ...read, known, cutOff: true } : { ...again, known };
  }

  /** What an empty answer, and one that may be cut off, are held against; of any other that need not be asked. */
  async known(window: TimeWindow, outcome: ReadOutcome, size: AnswerSize): Promise<number> {
    const { coverage } = this.#parts.ledger;
    const { name } = this.#request.source;
    if (outcome.kind === 'failed') return 0;
    if (outcome.rows === 0) return coverage.known(name, window, knownEnough);
    return mayBeCutOff(outcome.rows, size, this.#parts.now()) ? coverage.known(name, window) : 0;
  }

  async probe(end: Instant): Promise<boolean> {
    const newest = { from: end - 60_000, to: end };
    const read = await this.read(newest, 'range', false);
    await this.writeDown({ tier: 'range', window: newest }, read, { kind: 'covered', moves: {} });
    if (read.outcome.kind !== 'complete') return false;
    // Asked for what it tells of another.
    this.#windows -= 1;
    return true;
  }

  /** One request: its rows go into the ledger as they stream. */
  async read(window: TimeWindow, tier: Tier, resend: boolean | RecordKey): Promise<Read> {
    const { ledger, audit, now, recorded, reached } = this.#parts;
    const { source, signal } = this.#request;
    // The start of the read: what was known to the vendor at that moment is at least in the answer.
    const readAt = now();
    const counts = noCounts();
    const seen = new SeenKeys();
    let within = 0;
    let lastSeenAt = readAt;
    const marked = (reading: Reading): Reading => {
      if (reading.kind !== 'records') return reading;
      const [first] = reading.records;
      if (first === undefined) return reading;
      if (seen.seen(first.thread)) return { ...reading, repeated: true };
      if (first.occurredAt !== null && first.occurredAt >= window.from && first.occurredAt < window.to) within += 1;
      return reading;
    };
    reached('reading');
    const outcome = await source.read(
      asked(window),
      async (readings, vendorNow = readAt) => {
        // A clock of ours that is ahead must not make what it saw look newer than what comes after it is set right.
        const seenAt = Math.min(readAt, vendorNow);
        lastSeenAt = seenAt;
        const batch = await ledger.messages.record(source.name, seenAt, readings.map(marked), { resend });
        for (const field of countFields) counts[field] += batch[field];
        for (const { key, problem } of batch.setApart) {
          this.problems.add(problem.code);
          audit({ event: 'row_set_apart', source: source.name, key, code: problem.code, field: problem.where ?? null });
        }
        recorded();
        reached('recorded');
      },
      signal,
      budgetShare[tier],
    );
    for (const field of countFields) this.#totals[field] += counts[field];
    this.#rows += outcome.rows;
    await this.#doubtLowered(counts.lowered, outcome.rows, lastSeenAt);
    return { outcome, counts, within, readAt };
  }

  /** Coverage moves last, and only after a complete answer. */
  async writeDown(piece: Piece, read: Read, verdict: ReadVerdict): Promise<void> {
    const { ledger, audit, now, reached } = this.#parts;
    const { source, runId, limits } = this.#request;
    const { outcome, counts, within, readAt } = read;
    const { window, tier } = piece;
    const windowRead = { source: source.name, window, readAt, rows: outcome.rows };
    const where = {
      runId,
      source: source.name,
      tier,
      from: isoInstant(window.from),
      to: isoInstant(window.to),
    };
    if (outcome.kind === 'failed' && outcome.problem.code === 'source-throttled') {
      await ledger.budget.throttled(source.name, limits.requestsPerHour, now());
    }
    if (outcome.kind === 'failed' || verdict.kind !== 'covered') {
      const problem = outcome.kind === 'failed' ? outcome.problem : { code: codeOf(verdict) };
      await ledger.coverage.failed(windowRead, problem, verdict.kind === 'again' ? verdict.moves : {});
      reached('failed');
      audit({ event: 'window_failed', ...where, code: problem.code, httpStatus: problem.httpStatus ?? null });
      if (verdict.kind === 'again' && verdict.stuck) audit({ event: 'window_stuck', ...where, code: verdict.code });
      return;
    }
    if (verdict.alarm !== undefined) this.problems.add(verdict.alarm);
    await ledger.coverage.cover(windowRead, verdict.moves);
    reached('covered');
    this.#windows += 1;
    const vanished = Math.max(0, (await ledger.coverage.known(source.name, window)) - within);
    this.#vanished += vanished;
    const { added, changed, known, unreadable } = counts;
    const { rows, bytes } = outcome;
    const durationMs = now() - readAt;
    audit({ event: 'window_read', ...where, rows, added, changed, known, unreadable, vanished, bytes, durationMs });
  }

  /** A vendor restored from a backup shows old statuses by the thousand: none of them is taken. */
  async #doubtLowered(lowered: number, rows: number, readAt: Instant): Promise<void> {
    if (lowered < believableCount || lowered <= rows * believableShare) return;
    await this.#parts.ledger.messages.forgetLowered(this.#request.source.name, readAt);
    this.problems.add('source-statuses-lowered');
  }
}

function notLookedInto(outcome: ReadOutcome): Pick<ReadWhole, 'cutOff'> | Pick<ReadWhole, 'outcome'> {
  const isShort = outcome.kind === 'failed' && outcome.problem.code === 'budget-exhausted';
  return isShort ? { cutOff: 'unknown' } : { outcome };
}

const countFields = ['added', 'changed', 'known', 'unreadable', 'unreadableKnown', 'lowered', 'resent'] as const;

export const codeOf = (verdict: ReadVerdict): ProblemCode =>
  verdict.kind === 'covered' ? (verdict.alarm ?? 'source-unexpected-answer') : verdict.code;
