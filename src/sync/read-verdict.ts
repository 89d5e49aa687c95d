import type { ProblemCode } from '../exchange/problem.ts';
import { dayMs, grainMs, hourMs, minuteMs, type Instant, type TimeWindow } from '../exchange/window.ts';
import type { AnswerSize, BackfillJob, CoverageMoves, CoverageState, NewPiece, OpenPiece } from '../ledger/ledger.ts';
import type { ReadOutcome } from '../sources/source.ts';
import { jobMoves, movedJob } from './backfill-moves.ts';
import { isCapped, sizeAfter } from './row-cap.ts';
import { sweepTiers, widestWindowMs, type PlanLimits } from './tiers.ts';
import { clearParts, halves, settledEnd, tierState, tailOf, type Piece, type RunProgress } from './window-plan.ts';

/** What one answer means for what has been read. */
export type ReadVerdict =
  /** Everything of the window is in the ledger. `alarm`: believed, and told all the same. */
  | { readonly kind: 'covered'; readonly moves: CoverageMoves; readonly alarm?: ProblemCode }
  /** Nothing of the window counts as read. It is read again: as it is, or in parts. */
  | { readonly kind: 'again'; readonly code: ProblemCode; readonly moves: CoverageMoves; readonly stuck: boolean }
  /** It says nothing of the window: the vendor cannot be read at all. */
  | { readonly kind: 'source'; readonly code: ProblemCode };

/** What is known beside the answer itself. */
export interface ReadFacts {
  readonly state: CoverageState;
  readonly limits: PlanLimits;
  readonly progress: RunProgress;
  readonly now: Instant;
  /** How many outgoing messages of the window the ledger knows, as far as that matters. */
  readonly known: number;
  /** Whether the vendor has answered another question of this run. */
  readonly answersOthers: boolean;
  /** Whether the answer was cut off without a word, where that was looked into. */
  readonly cutOff?: boolean | 'unknown';
}

/** An empty answer where the ledger knows so many messages is a slip of the vendor's, until it comes again and again. */
export const knownEnough = 10;
const believedAfter = 3;

/** The smallest window that is cut because the vendor refuses it: it may keep nothing so old. */
const smallestRefusedMs = dayMs;
const longestStuckBackOffMs = 6 * hourMs;

/** Pure. */
export function readVerdict(piece: Piece, outcome: ReadOutcome, facts: ReadFacts): ReadVerdict {
  if (outcome.kind === 'failed') return failedVerdict(piece, outcome.problem.code, facts);
  const { size } = facts.state;
  if (isCapped(outcome.rows, facts.limits, size)) return cutVerdict(piece, 'source-capped', facts);
  if (facts.cutOff === 'unknown') return inHalves(piece, outcome.rows, facts, facts.state.size);
  if (facts.cutOff === true) {
    return inHalves(piece, outcome.rows, facts, { ...facts.state.size, rowCap: outcome.rows });
  }
  const suspicious = outcome.rows === 0 && facts.known >= knownEnough;
  const empty = emptyBefore(piece, facts.state) + 1;
  if (suspicious && empty < believedAfter) return emptyVerdict(piece, empty, facts);
  const after = sizeAfter(outcome.rows, piece.window, size, facts.cutOff === false ? facts.now : undefined);
  const moves = coveredMoves(piece, outcome.rows, outcome.vendorNow, facts, after);
  return { kind: 'covered', moves, ...(suspicious ? { alarm: 'source-empty-answer' as const } : {}) };
}

/** How often in a row: of an open piece by itself, since others of its tier may come well meanwhile. */
function emptyBefore({ tier, open }: Piece, state: CoverageState): number {
  if (open === undefined) return tierState(state, tier).empty;
  return open.code === 'source-empty-answer' ? open.failures : 0;
}

/** Nothing moves but the count of empty answers. */
function emptyVerdict({ tier, open }: Piece, empty: number, { state, now }: ReadFacts): ReadVerdict {
  const code = 'source-empty-answer';
  const moves: CoverageMoves =
    open === undefined
      ? { tiers: { [tier]: { ...tierState(state, tier), empty } } }
      : { changes: { ...open, failures: empty, code, dueAt: now } };
  return { kind: 'again', code, moves, stuck: false };
}

/** Whether a failure may be the window's own: it is too large, or something in it breaks the answer. */
const windowFailures: { readonly [code in ProblemCode]?: { readonly cutAfter: number } } = {
  'source-too-large': { cutAfter: 1 },
  'source-timeout': { cutAfter: 2 },
  'source-incomplete-answer': { cutAfter: 2 },
  'source-server-error': { cutAfter: 3 },
  'source-refused': { cutAfter: 2 },
  'source-unexpected-answer': { cutAfter: 3 },
};

/** What the vendor may say to every question, and may say to one: another window tells which. */
export const mayBeEverybodys = (code: ProblemCode): boolean =>
  code === 'source-refused' || code === 'source-server-error' || code === 'source-unexpected-answer';

function failedVerdict(piece: Piece, code: ProblemCode, facts: ReadFacts): ReadVerdict {
  const rule = windowFailures[code];
  if (rule === undefined) return { kind: 'source', code };
  // What comes for every window is no matter of this one.
  if (mayBeEverybodys(code) && !facts.answersOthers) return { kind: 'source', code };
  const before = tierState(facts.state, piece.tier);
  // An empty answer was no failure.
  const failed = piece.open?.code === 'source-empty-answer' ? 0 : piece.open?.failures;
  const failures = (failed ?? before.failures) + 1;
  if (piece.open?.state === 'stuck')
    return { kind: 'again', code, moves: again(piece.open, code, facts.now), stuck: true };
  if (failures < rule.cutAfter) {
    const moves: CoverageMoves =
      piece.open === undefined
        ? { tiers: { [piece.tier]: { ...before, failures } } }
        : { changes: { ...piece.open, failures, code, dueAt: facts.now } };
    return { kind: 'again', code, moves, stuck: false };
  }
  // Where a job has come to the end of what the vendor keeps; one of its open pieces lies before that.
  if (code === 'source-refused' && piece.backfill !== undefined && piece.open === undefined) {
    return beyondRetention(piece, piece.backfill, facts);
  }
  return cutVerdict(piece, code, facts);
}

/** The past that the vendor refuses: smaller windows are tried, down to a day; then the job has come to its end. */
function beyondRetention({ window, tier }: Piece, job: BackfillJob, facts: ReadFacts): ReadVerdict {
  const { state } = facts;
  const good = { [tier]: { ...tierState(state, tier), failures: 0 } };
  if (width(window) > smallestRefusedMs) {
    const size: AnswerSize = { ...state.size, widestMs: Math.max(smallestRefusedMs, halfOf(window)) };
    return { kind: 'again', code: 'source-refused', moves: { tiers: good, size }, stuck: false };
  }
  const { id, position, windows, rows, order, range } = job;
  if (order === 'oldest-first') {
    // How far back the vendor goes is found from the other end; nothing that it still has is left out.
    const turned = { id, position: range.to, windows, rows, state: 'running', order: 'newest-first' } as const;
    return { kind: 'again', code: 'source-refused', moves: { tiers: good, backfill: turned }, stuck: false };
  }
  const moves = jobMoves(job, { id, position, windows, rows, state: 'retention' }, facts);
  return { kind: 'again', code: 'source-retention', moves: { ...moves, tiers: good }, stuck: false };
}

function again(open: OpenPiece, code: ProblemCode, now: Instant): CoverageMoves {
  const failures = open.failures + 1;
  const wait = Math.min(longestStuckBackOffMs, 5 * minuteMs * 2 ** Math.min(failures, 10));
  return { changes: { id: open.id, state: 'stuck', failures, code, dueAt: now + wait } };
}

/** The window is left to two halves of it, to what lies around that which is stuck, or stuck where it is too small to cut. */
function cutVerdict(piece: Piece, code: ProblemCode, facts: ReadFacts): ReadVerdict {
  const { state, now } = facts;
  const left = leftOf(piece, facts);
  const smallest = code === 'source-refused' ? smallestRefusedMs : grainMs;
  const around = left === undefined ? undefined : aroundStuck(piece, left, state);
  const halved = left === undefined ? [] : ((width(left) > smallest ? halves(left) : undefined) ?? [left]);
  const parts = around ?? halved;
  const stuck = around === undefined && halved.length === 1;
  const made = parts.map((window): NewPiece => ({
    tier: piece.tier,
    window,
    state: stuck ? 'stuck' : 'queued',
    failures: 0,
    code,
    dueAt: now,
    ...(piece.backfill === undefined ? {} : { backfill: piece.backfill.id }),
  }));
  const size = shrunkSize(piece, state.size);
  if (piece.open !== undefined && stuck) {
    return { kind: 'again', code, moves: { ...again(piece.open, code, now), size }, stuck };
  }
  const moves: CoverageMoves = {
    ...(piece.open === undefined ? passed(piece, 0, facts, undefined, !stuck) : { closes: [piece.open.id] }),
    opens: made,
    ...(code === 'source-refused' ? {} : { size }),
  };
  return { kind: 'again', code, moves, stuck };
}

/**
 * What another tier has found stuck meanwhile is read for itself, and not found again by halves, which costs many requests.
 * Undefined where there is nothing of that; and of the tail, which is to know of all that it lacks.
 */
function aroundStuck(
  { tier, backfill }: Piece,
  left: TimeWindow,
  state: CoverageState,
): readonly TimeWindow[] | undefined {
  if (tier === 'tail' || backfill !== undefined) return undefined;
  const clear = clearParts(left, state);
  return clear.length === 1 && clear[0]?.from === left.from && clear[0].to === left.to ? undefined : clear;
}

/**
 * Halves are asked for by themselves, when there are requests: each of them stays read. The answer that was as large
 * before is then cut off too: its window is read again.
 */
function inHalves(piece: Piece, rows: number, facts: ReadFacts, size: AnswerSize): ReadVerdict {
  const { mostRows, mostWindow } = facts.state.size;
  const verdict = cutVerdict(piece, 'source-capped', { ...facts, state: { ...facts.state, size } });
  if (verdict.kind !== 'again' || mostWindow === undefined || mostRows !== rows) return verdict;
  const again = (halves(mostWindow) ?? [mostWindow]).map((window): NewPiece => ({
    // Not of the tail: what was said to be covered is not taken back.
    tier: 'warm',
    window,
    state: 'queued',
    failures: 0,
    code: 'source-capped',
    dueAt: facts.now,
  }));
  return { ...verdict, moves: { ...verdict.moves, opens: [...(verdict.moves.opens ?? []), ...again] } };
}

/** What of a window has to be read again in parts: of the tail only what was not read before. */
function leftOf({ tier, window, open }: Piece, { state, progress, now, limits }: ReadFacts): TimeWindow | undefined {
  if (tier !== 'tail' || open !== undefined) return window;
  const { frontier } = tailOf(state, progress.end, now, limits);
  const from = Math.max(frontier, window.from);
  return from < window.to ? { from, to: window.to } : undefined;
}

function coveredMoves(
  piece: Piece,
  rows: number,
  vendorNow: Instant | undefined,
  facts: ReadFacts,
  size: AnswerSize,
): CoverageMoves {
  const grown = grownSize(size, piece.window, facts.limits);
  const resized = grown === facts.state.size ? {} : { size: grown };
  const { limits, now } = facts;
  const closes = readBesides(piece, facts, vendorNow);
  if (piece.open === undefined) return { ...passed(piece, rows, facts, vendorNow), closes, ...resized };
  // Read before the vendor's clock had come so far: once more, later.
  if (vendorNow !== undefined && settledEnd(vendorNow, limits) < piece.window.to) {
    return { changes: { ...piece.open, dueAt: now + grainMs }, ...resized };
  }
  const job = piece.backfill;
  const moved = job === undefined ? {} : jobMoves(job, movedJob(job, job.position, rows, facts, piece.open.id), facts);
  return { closes: [piece.open.id, ...closes], ...resized, ...moved };
}

/**
 * Other open pieces that lie in a window which was read completely: they are read with it. Those of a job that goes on
 * are left to it, since it is done when the last of them is.
 */
function readBesides({ window, open }: Piece, { state, limits }: ReadFacts, vendorNow?: Instant): readonly number[] {
  const until = vendorNow === undefined ? window.to : Math.min(window.to, settledEnd(vendorNow, limits));
  return state.pieces
    .filter((piece) => piece.id !== open?.id && (piece.state === 'stuck' || piece.backfill === undefined))
    .filter((piece) => piece.window.from >= window.from && piece.window.to <= until)
    .map(({ id }) => id);
}

/** How far the tier has come once this window is read, or left to open pieces. */
function passed(
  piece: Piece,
  rows: number,
  facts: ReadFacts,
  vendorNow?: Instant,
  leavesQueued = false,
): CoverageMoves {
  const { tier, window, sweepTo, backfill } = piece;
  const { state, limits, now, progress } = facts;
  // Nothing after the vendor's own present has been read, whatever our clock says.
  const present = vendorNow === undefined ? Infinity : settledEnd(vendorNow, limits);
  const before = tierState(state, tier);
  const good = { ...before, failures: 0, empty: 0 };
  if (tier === 'tail') {
    const { start, frontier } = tailOf(state, progress.end, now, limits);
    const moved = Math.max(frontier, Math.min(window.to, Math.max(present, frontier)));
    const isFirst = state.frontier === undefined || sweepTiers.every((each) => state.tiers[each] === undefined);
    // The very first reading has just read everything: it counts as the first sweep of each tier.
    const swept = isFirst && window.to >= progress.end ? firstSweeps(moved, Math.min(now, vendorNow ?? now)) : {};
    return {
      frontier: Math.max(state.frontier ?? start, moved),
      tiers: { ...swept, ...(before.failures + before.empty === 0 ? {} : { [tier]: good }) },
    };
  }
  if (backfill !== undefined) {
    const position = backfill.order === 'newest-first' ? window.from : window.to;
    const moved = movedJob(backfill, position, rows, facts, undefined, leavesQueued);
    return { ...jobMoves(backfill, moved, facts), tiers: { [tier]: good } };
  }
  if (sweepTo === undefined) return { tiers: { [tier]: good } };
  const { doneEnd, doneAt } = before;
  const done = { ...(doneEnd === undefined ? {} : { doneEnd }), ...(doneAt === undefined ? {} : { doneAt }) };
  const fine = { failures: 0, empty: 0 };
  if (window.to < sweepTo) {
    return { tiers: { [tier]: { ...done, position: window.to, to: sweepTo, ...fine } } };
  }
  const end = Math.min(sweepTo, Math.max(present, window.from));
  return { tiers: { [tier]: { doneEnd: end, doneAt: Math.min(now, vendorNow ?? now), ...fine } } };
}

const firstSweeps = (doneEnd: Instant, doneAt: Instant): CoverageMoves['tiers'] =>
  Object.fromEntries(sweepTiers.map((tier) => [tier, { doneEnd, doneAt, failures: 0, empty: 0 }]));

const width = ({ from, to }: TimeWindow): number => to - from;

const halfOf = (window: TimeWindow): number => Math.max(grainMs, Math.floor(width(window) / 2 / grainMs) * grainMs);

/** A piece that is cut on tells of a minute in it, rather than of what the vendor takes: below an hour it teaches nothing. */
function shrunkSize({ window, open }: Piece, size: AnswerSize): AnswerSize {
  const half = open === undefined ? halfOf(window) : Math.max(hourMs, halfOf(window));
  return { ...size, widestMs: Math.min(half, size.widestMs ?? Infinity) };
}

/** A window as wide as was dared, and answered well: the next may be twice as wide. */
function grownSize(size: AnswerSize, window: TimeWindow, limits: PlanLimits): AnswerSize {
  const { widestMs, ...others } = size;
  if (widestMs === undefined || width(window) < widestMs) return size;
  const doubled = widestMs * 2;
  return doubled >= widestWindowMs(limits) ? others : { ...others, widestMs: doubled };
}
