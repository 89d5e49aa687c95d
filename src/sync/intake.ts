import type { Problem, ProblemCode } from '../exchange/problem.ts';
import type { RecordKey } from '../exchange/record-key.ts';
import type { SourceRunReport } from '../exchange/reports.ts';
import { tiers, type Tier } from '../exchange/tier.ts';
import { floorToGrain, minuteMs, type TimeWindow } from '../exchange/window.ts';
import type { AnswerSize, CoverageState } from '../ledger/ledger.ts';
import type { ReadOutcome } from '../sources/source.ts';
import { backlogLookMs, backlogOf } from './backlog.ts';
import { knownEnough, mayBeEverybodys, readVerdict, type ReadVerdict } from './read-verdict.ts';
import { isCapped } from './row-cap.ts';
import { budgetShare, sweepRules, sweepTiers, type PlanLimits } from './tiers.ts';
import { codeOf, factsOf, WindowReader, type WindowReaderParts, type WindowReaderRequest } from './window-reader.ts';
import { cutRange, halves, isGrain, nextPiece, settledEnd, type Piece, type RunProgress } from './window-plan.ts';

/** Chooses what is read next; tests pass worse ones in, to see that they are caught. */
export type Planner = typeof nextPiece;
/** Says what an answer means for what has been read; likewise. */
export type Judge = typeof readVerdict;

export interface IntakeParts extends WindowReaderParts {
  /** So many messages may be still to be sent: from there on nothing more is read. No matter how many without it. */
  readonly maxBacklog?: number;
  readonly plan?: Planner;
  readonly judge?: Judge;
}

export interface IntakeRequest extends WindowReaderRequest {
  /** Read this range instead of what is due. */
  readonly range?: TimeWindow;
  /** With a range: every message in it is sent again, or this one alone. */
  readonly resend?: boolean | RecordKey;
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

/** One run's reading of one source. */
class SourceReading {
  readonly #parts: IntakeParts;
  readonly #request: IntakeRequest;
  readonly #reader: WindowReader;

  constructor(parts: IntakeParts, request: IntakeRequest) {
    this.#parts = parts;
    this.#request = request;
    this.#reader = new WindowReader(parts, request);
  }

  report(): SourceRunReport {
    return this.#reader.report();
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
      const backlog = await this.#backlogProblem();
      if (backlog !== undefined) return this.#stop(backlog);
      const state = await this.#state();
      const piece = plan(state, now(), limits, progress, await this.#unsettled());
      if (piece === undefined) return problem;
      const read = await this.#reader.readWhole(piece, state);
      // Broken off because the service stops: that says nothing of the window.
      if (signal.aborted && read.outcome.kind === 'failed') return problem;
      if (piece.open !== undefined) tried.add(piece.open.id);
      const facts = { ...factsOf(read), state, limits, progress, now: now(), answersOthers: answered };
      const { judge = readVerdict } = this.#parts;
      let verdict = judge(piece, read.outcome, facts);
      if (verdict.kind === 'source' && !answered && !probed && mayBeEverybodys(verdict.code)) {
        // The window's own trouble, or everybody's? The newest minute tells.
        probed = true;
        answered = await this.#reader.probe(progress.end);
        verdict = judge(piece, read.outcome, { ...facts, answersOthers: answered });
      }
      await this.#reader.writeDown(piece, read, verdict);
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
      this.#reader.problems.add(found.code);
      if (verdict.code !== found.code) this.#reader.problems.add(verdict.code);
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
    const { limits, signal } = this.#request;
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
    const backlog = await this.#backlogProblem();
    if (backlog !== undefined) return { job: piece.backfill.id, report: this.report(), problem: this.#stop(backlog) };
    let read = await this.#reader.readWhole(piece, state);
    let answersOthers = true;
    if (read.outcome.kind === 'failed' && mayBeEverybodys(read.outcome.problem.code)) {
      // A job ends where the vendor refuses the past: not by a slip, nor because it refuses everything.
      answersOthers = await this.#reader.probe(end);
      if (answersOthers) read = await this.#reader.readWhole(piece, state);
    }
    // As in a run: broken off because the service stops.
    if (signal.aborted && read.outcome.kind === 'failed') return undefined;
    const facts = { ...factsOf(read), state, limits, progress, now: now(), answersOthers };
    const verdict = judge(piece, read.outcome, facts);
    await this.#reader.writeDown(piece, read, verdict);
    const failed = read.outcome.kind === 'failed' ? read.outcome.problem : undefined;
    const slip = verdict.kind === 'again' && verdict.code === 'source-empty-answer';
    const found = slip ? { code: verdict.code, retryAfterMs: slipMs } : { code: codeOf(verdict) };
    const problem = failed ?? (verdict.kind === 'covered' ? undefined : found);
    if (problem !== undefined) this.#reader.problems.add(problem.code);
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
      const backlog = await this.#backlogProblem();
      if (backlog !== undefined) return this.#stop(backlog);
      const read = await this.#reader.read(window, 'range', resend);
      const { outcome } = read;
      const code = await this.#doubt(window, outcome, state.size);
      const verdict: ReadVerdict = code === undefined ? { kind: 'covered', moves: {} } : { kind: 'source', code };
      await this.#reader.writeDown({ tier: 'range', window }, read, verdict);
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
      this.#reader.problems.add(problem.code);
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
    const isSlip = outcome.rows === 0 && (await this.#reader.known(window, outcome, size)) >= knownEnough;
    return isSlip ? 'source-empty-answer' : undefined;
  }

  /** More than the EHR takes is not read: it would only be kept here instead of at the vendor. */
  async #backlogProblem(): Promise<Problem | undefined> {
    const { ledger, audit, maxBacklog: most = Infinity } = this.#parts;
    if (most === Infinity) return undefined;
    const pending = backlogOf(await ledger.messages.counts());
    if (pending < most) return undefined;
    audit({ event: 'backlog_full', source: this.#request.source.name, pending, most });
    return { code: 'backlog-full', retryAfterMs: backlogLookMs };
  }

  #stop(problem: Problem): Problem {
    this.#reader.problems.add(problem.code);
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
}

const inParts: readonly ProblemCode[] = [
  'source-too-large',
  'source-timeout',
  'source-incomplete-answer',
  'source-capped',
];

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
