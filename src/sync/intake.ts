import type { AuditLog } from '../audit/audit-log.ts';
import type { Problem, ProblemCode } from '../exchange/problem.ts';
import type { RecordKey } from '../exchange/record-key.ts';
import type { Reading } from '../exchange/record.ts';
import type { SourceRunReport } from '../exchange/reports.ts';
import { tiers, type Tier } from '../exchange/tier.ts';
import { floorToGrain, grainMs, isoInstant, minuteMs, type Instant, type TimeWindow } from '../exchange/window.ts';
import type { AnswerSize, CoverageState, Ledger, RecordCounts } from '../ledger/ledger.ts';
import type { ReadOutcome, Source } from '../sources/source.ts';
import { knownEnough, readVerdict, type ReadFacts, type ReadVerdict } from './read-verdict.ts';
import { isCapped, looksCutOff, mayBeCutOff } from './row-cap.ts';
import { SeenKeys } from './seen-keys.ts';
import { ProblemTally } from './tally.ts';
import { budgetShare, sweepRules, sweepTiers, type PlanLimits } from './tiers.ts';
import { asked, cutRange, halves, nextPiece, settledEnd, type Piece, type RunProgress } from './window-plan.ts';

/** A name for each moment at which the process may die; does nothing but in tests. */
export type Reached = (point: string) => void;

/** Chooses what is read next; tests pass worse ones in, to see that they are caught. */
export type Planner = typeof nextPiece;
/** Says what an answer means for what has been read; likewise. */
export type Judge = typeof readVerdict;

export interface IntakeParts {
  readonly ledger: Ledger;
  readonly audit: AuditLog;
  readonly now: () => Instant;
  /** New work for the delivery loop. */
  readonly recorded: () => void;
  readonly reached: Reached;
  readonly plan?: Planner;
  readonly judge?: Judge;
}

export interface IntakeRequest {
  readonly runId: string;
  readonly source: Source;
  readonly limits: PlanLimits;
  /** Read this range instead of what is due. */
  readonly range?: TimeWindow;
  /** With a range: every message in it is sent again, or this one alone. */
  readonly resend?: boolean | RecordKey;
  readonly signal: AbortSignal;
}

export interface IntakeResult {
  readonly report: SourceRunReport;
  /** What stopped the reading, when something did. */
  readonly problem?: Problem;
}

/** Of one window of a job. */
export interface BackfillResult extends IntakeResult {
  readonly job: string;
}

/** So many windows that fail one after the other are the vendor's trouble, not the windows'. */
const failuresInARow = 2;
/** A week is cut down to a minute in fourteen steps; a vendor to whom everything is too large is asked no more than this. */
const cutsInARow = 20;
/** A backfill asks for an empty window again after so long: a slip of the vendor's takes a while. */
const slipMs = 10 * minuteMs;
/** So many of what is stuck are tried again in one run; the others have their turn in the next. */
const stuckInARun = 2;
/** More lower statuses than this share of an answer come from an old copy of the vendor's data. */
const believableShare = 0.05;
const believableCount = 5;

/** Reads what is due, or the range asked for, from one source into the ledger. Throws only what the ledger throws. */
export async function takeIn(parts: IntakeParts, request: IntakeRequest): Promise<IntakeResult> {
  const reading = new SourceReading(parts, request);
  const problem = request.range === undefined ? await reading.due() : await reading.range(request.range);
  return problem === undefined ? { report: reading.report() } : { report: reading.report(), problem };
}

/** Reads one window of the job that is running. Undefined where nothing of it is due. */
export function takeInBackfill(parts: IntakeParts, request: IntakeRequest): Promise<BackfillResult | undefined> {
  return new SourceReading(parts, request).backfill();
}

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

interface Read {
  readonly outcome: ReadOutcome;
  readonly counts: Totals;
  /** Outgoing messages that lie in the window. */
  readonly within: number;
  readonly readAt: Instant;
}

/** Together with what it is judged by. */
interface ReadWhole extends Read {
  readonly known: number;
  readonly cutOff?: boolean;
}

const factsOf = ({ known, cutOff }: ReadWhole): Pick<ReadFacts, 'known' | 'cutOff'> =>
  cutOff === undefined ? { known } : { known, cutOff };

/** One run's reading of one source. */
class SourceReading {
  readonly #parts: IntakeParts;
  readonly #request: IntakeRequest;
  readonly #problems = new ProblemTally();
  readonly #totals = noCounts();
  #windows = 0;
  #rows = 0;
  #vanished = 0;

  constructor(parts: IntakeParts, request: IntakeRequest) {
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
      problems: this.#problems.counts(),
    };
  }

  /** What is due, window by window, each planned from what the ledger holds after the one before. */
  async due(): Promise<Problem | undefined> {
    const { now, plan = nextPiece } = this.#parts;
    const { limits, signal } = this.#request;
    const tried = new Set<number>();
    const resting = new Set<Tier>();
    let progress: RunProgress = {
      end: settledEnd(now(), limits),
      tail: 'fresh',
      resting,
      tried,
      backfills: false,
    };
    let answered = false;
    let probed = false;
    let failures = 0;
    let cuts = 0;
    let stuck = 0;
    let problem: Problem | undefined;
    while (!signal.aborted) {
      const state = await this.#state();
      const piece = plan(state, now(), limits, progress, await this.#unsettled());
      if (piece === undefined) return problem;
      const read = await this.#readWhole(piece, state);
      // Broken off because the service stops: that says nothing of the window.
      if (signal.aborted && read.outcome.kind === 'failed') return problem;
      if (piece.open !== undefined) tried.add(piece.open.id);
      const facts = { ...factsOf(read), state, limits, progress, now: now(), answersOthers: answered };
      const { judge = readVerdict } = this.#parts;
      let verdict = judge(piece, read.outcome, facts);
      if (verdict.kind === 'source' && !answered && !probed && isRefusal(verdict.code)) {
        // The window's own trouble, or everybody's? The newest minute tells.
        probed = true;
        answered = await this.#probe(progress.end);
        verdict = judge(piece, read.outcome, { ...facts, answersOthers: answered });
      }
      await this.#writeDown(piece, read, verdict);
      if (piece.tier === 'tail' && piece.open === undefined) {
        progress = { ...progress, tail: tailAfter(piece, read.outcome, verdict, limits) };
      }
      if (verdict.kind === 'covered') {
        answered = true;
        failures = 0;
        cuts = 0;
        // Once in a run, whatever the vendor's clock says of when that was.
        if (piece.sweepTo === piece.window.to) resting.add(piece.tier);
        continue;
      }
      if (read.outcome.kind === 'complete') answered = true;
      const found: Problem = read.outcome.kind === 'failed' ? read.outcome.problem : { code: verdict.code };
      if (verdict.kind === 'source') {
        // Another tier may use what is left of the hour.
        if (found.code !== 'budget-exhausted' || budgetShare[piece.tier] === 1) return this.#stop(found);
        for (const tier of poorerThan(piece.tier)) resting.add(tier);
        continue;
      }
      this.#problems.add(found.code);
      if (verdict.code !== found.code) this.#problems.add(verdict.code);
      // An open piece speaks for itself alone: others of its tier may be read.
      if (verdict.moves.opens === undefined && piece.open === undefined) {
        resting.add(piece.tier);
        if (piece.tier === 'tail') problem = found;
      }
      if (piece.open?.state === 'stuck') {
        // It has failed before: that says nothing of the vendor. Each of them may cost a timeout.
        stuck += 1;
        if (stuck >= stuckInARun) for (const { id, state: is } of state.pieces) if (is === 'stuck') tried.add(id);
        continue;
      }
      cuts += 1;
      if (read.outcome.kind === 'failed' && verdict.code !== 'source-too-large') failures += 1;
      if (failures >= failuresInARow || cuts >= cutsInARow) return found;
    }
    return problem;
  }

  /** One window of a past range; everything else has turns of its own. */
  async backfill(): Promise<BackfillResult | undefined> {
    const { now, plan = nextPiece, judge = readVerdict } = this.#parts;
    const { limits } = this.#request;
    const end = settledEnd(now(), limits);
    const progress: RunProgress = {
      end,
      tail: 'done',
      resting: new Set(sweepTiers),
      tried: new Set(),
      backfills: true,
    };
    const state = await this.#state();
    // What was left open of the tail is not this reading's.
    const piece = plan(
      { ...state, pieces: state.pieces.filter(({ tier }) => tier === 'backfill') },
      now(),
      limits,
      progress,
    );
    if (piece?.backfill === undefined) return undefined;
    let read = await this.#readWhole(piece, state);
    let answersOthers = true;
    if (read.outcome.kind === 'failed' && isRefusal(read.outcome.problem.code)) {
      // A job ends where the vendor refuses the past: not by a slip, nor because it refuses everything.
      answersOthers = await this.#probe(end);
      if (answersOthers) read = await this.#readWhole(piece, state);
    }
    const facts = { ...factsOf(read), state, limits, progress, now: now(), answersOthers };
    const verdict = judge(piece, read.outcome, facts);
    await this.#writeDown(piece, read, verdict);
    const failed = read.outcome.kind === 'failed' ? read.outcome.problem : undefined;
    const slip = verdict.kind === 'again' && verdict.code === 'source-empty-answer';
    const found = slip ? { code: verdict.code, retryAfterMs: slipMs } : { code: codeOf(verdict) };
    const problem = failed ?? (verdict.kind === 'covered' ? undefined : found);
    if (problem !== undefined) this.#problems.add(problem.code);
    const done = { job: piece.backfill.id, report: this.report() };
    return problem === undefined ? done : { ...done, problem };
  }

  /** A range that somebody asked for: ascending; what is too large is read in parts. Moves no coverage. */
  async range(range: TimeWindow): Promise<Problem | undefined> {
    const { limits, signal, resend = false } = this.#request;
    const state = await this.#state();
    const windows = cutRange(range, this.#parts.now(), state, limits);
    let timeouts = 0;
    let failures = 0;
    let problem: Problem | undefined;
    for (let window = windows.shift(); window !== undefined && !signal.aborted; window = windows.shift()) {
      const read = await this.#read(window, 'range', resend);
      const { outcome } = read;
      const code = await this.#doubt(window, outcome, state.size);
      const verdict: ReadVerdict = code === undefined ? { kind: 'covered', moves: {} } : { kind: 'source', code };
      await this.#writeDown({ tier: 'range', window }, read, verdict);
      if (code === undefined) {
        failures = 0;
        timeouts = 0;
        continue;
      }
      failures += 1;
      const parts = inParts.includes(code) ? halves(window) : undefined;
      if (parts !== undefined && timeouts < failuresInARow && failures < cutsInARow) {
        windows.unshift(...parts);
        timeouts = code === 'source-timeout' ? timeouts + 1 : 0;
        continue;
      }
      problem = outcome.kind === 'failed' ? outcome.problem : { code };
      this.#problems.add(problem.code);
      // A minute that cannot be read keeps nobody from the others, and neither does a slip.
      const isOfThis = code === 'source-empty-answer' || (inParts.includes(code) && isGrain(window));
      if (!isOfThis || failures >= cutsInARow) return problem;
    }
    return problem;
  }

  /** Why what came for a window of a range is not all of it; undefined where it is. */
  async #doubt(window: TimeWindow, outcome: ReadOutcome, size: AnswerSize): Promise<ProblemCode | undefined> {
    if (outcome.kind === 'failed') return outcome.problem.code;
    if (isCapped(outcome.rows, this.#request.limits, size)) return 'source-capped';
    const isSlip = outcome.rows === 0 && (await this.#known(window, outcome, size)) >= knownEnough;
    return isSlip ? 'source-empty-answer' : undefined;
  }

  #stop(problem: Problem): Problem {
    this.#problems.add(problem.code);
    return problem;
  }

  async #state(): Promise<CoverageState> {
    const { ledger } = this.#parts;
    const { source, limits } = this.#request;
    const known = await ledger.coverage.state(source.name);
    if (known.start !== undefined) return known;
    const start = floorToGrain(limits.startAt);
    await ledger.coverage.begin(source.name, start);
    return { ...known, start };
  }

  #unsettled(): Promise<TimeWindow | undefined> {
    const { ledger, now } = this.#parts;
    const { source, limits } = this.#request;
    const to = now();
    return ledger.coverage.unsettled(source.name, { from: to - sweepRules.open.spanMs(limits), to });
  }

  /** Reads a window, and its halves where the answer looks cut off; when one of those fails, the whole has failed. */
  async #readWhole({ window, tier, backfill }: Piece, { size }: CoverageState): Promise<ReadWhole> {
    const resend = backfill?.resend ?? false;
    const read = await this.#read(window, tier, resend);
    const { outcome, within } = read;
    const known = await this.#known(window, outcome, size);
    const parts = [...(halves(window) ?? [])];
    if (parts.length === 0 || outcome.kind === 'failed') return { ...read, known };
    if (isCapped(outcome.rows, this.#request.limits, size)) return { ...read, known };
    if (!looksCutOff({ window, rows: outcome.rows, missing: known - within }, size)) return { ...read, known };
    let found = 0;
    for (let part = parts.shift(); part !== undefined && found <= within; part = parts.shift()) {
      const half = await this.#read(part, tier, resend);
      if (half.outcome.kind === 'failed') return { ...read, outcome: half.outcome, known };
      // One that is as large as the whole may be cut off like it; not where the vendor gives what was not asked for.
      const isCut = half.outcome.rows >= outcome.rows && half.within * 2 >= half.outcome.rows;
      const smaller = isCut ? halves(part) : undefined;
      if (smaller === undefined) found += half.within;
      else parts.unshift(...smaller);
    }
    if (found <= within) return { ...read, known, cutOff: false };
    // There may have come more in the meantime: a cap gives the same number once more.
    const again = await this.#read(window, tier, resend);
    if (again.outcome.kind === 'failed') return { ...read, outcome: again.outcome, known };
    return again.outcome.rows === outcome.rows ? { ...read, known, cutOff: true } : { ...again, known };
  }

  /** What an empty answer, and one that may be cut off, are held against; of any other that need not be asked. */
  async #known(window: TimeWindow, outcome: ReadOutcome, size: AnswerSize): Promise<number> {
    const { coverage } = this.#parts.ledger;
    const { name } = this.#request.source;
    if (outcome.kind === 'failed') return 0;
    if (outcome.rows === 0) return coverage.known(name, window, knownEnough);
    return mayBeCutOff(outcome.rows, size) ? coverage.known(name, window) : 0;
  }

  async #probe(end: Instant): Promise<boolean> {
    const newest = { from: end - 60_000, to: end };
    const read = await this.#read(newest, 'range', false);
    await this.#writeDown({ tier: 'range', window: newest }, read, { kind: 'covered', moves: {} });
    return read.outcome.kind === 'complete';
  }

  /** One request: its rows go into the ledger as they stream. */
  async #read(window: TimeWindow, tier: Tier, resend: boolean | RecordKey): Promise<Read> {
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
          this.#problems.add(problem.code);
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
  async #writeDown(piece: Piece, read: Read, verdict: ReadVerdict): Promise<void> {
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
    if (verdict.alarm !== undefined) this.#problems.add(verdict.alarm);
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
    this.#problems.add('source-statuses-lowered');
  }
}

const countFields = ['added', 'changed', 'known', 'unreadable', 'unreadableKnown', 'lowered', 'resent'] as const;

const inParts: readonly ProblemCode[] = [
  'source-too-large',
  'source-timeout',
  'source-incomplete-answer',
  'source-capped',
];

const isGrain = ({ from, to }: TimeWindow): boolean => to - from <= grainMs;

const isRefusal = (code: ProblemCode): boolean => code === 'source-refused' || code === 'source-server-error';

const codeOf = (verdict: ReadVerdict): ProblemCode =>
  verdict.kind === 'covered' ? (verdict.alarm ?? 'source-unexpected-answer') : verdict.code;

/** Where the tail goes on in this run. */
function tailAfter(
  { window }: Piece,
  outcome: ReadOutcome,
  verdict: ReadVerdict,
  limits: PlanLimits,
): RunProgress['tail'] {
  if (verdict.kind === 'source') return 'done';
  if (verdict.kind === 'again') return verdict.moves.opens === undefined ? 'done' : window.to;
  // The vendor's present has been reached: our clock is ahead of it, and the rest of the tail is not there yet.
  const vendorNow = outcome.kind === 'complete' ? outcome.vendorNow : undefined;
  return vendorNow !== undefined && settledEnd(vendorNow, limits) < window.to ? 'done' : window.to;
}

const poorerThan = (tier: Tier): readonly Tier[] => tiers.filter((each) => budgetShare[each] <= budgetShare[tier]);
