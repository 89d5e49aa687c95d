import type { AuditLog } from '../audit/audit-log.ts';
import type { SourceRunReport } from '../exchange/reports.ts';
import { floorToGrain, isoInstant, type Instant, type TimeWindow } from '../exchange/window.ts';
import type { CoverageState, Ledger, RecordCounts, SweepState } from '../ledger/ledger.ts';
import type { Problem } from '../exchange/problem.ts';
import type { ReadOutcome, Source } from '../sources/source.ts';
import { ProblemTally } from './tally.ts';
import {
  asked,
  planDue,
  planRange,
  settledEnd,
  type CoverageMoves,
  type Piece,
  type PlanLimits,
} from './window-plan.ts';

/** A name for each moment at which the process may die; does nothing but in tests. */
export type Reached = (point: string) => void;

export interface IntakeParts {
  readonly ledger: Ledger;
  readonly audit: AuditLog;
  readonly now: () => Instant;
  /** New work for the delivery loop. */
  readonly recorded: () => void;
  readonly reached: Reached;
}

export interface IntakeRequest {
  readonly runId: string;
  readonly source: Source;
  readonly limits: PlanLimits;
  /** Read this range instead of what is due. */
  readonly range?: TimeWindow;
  readonly signal: AbortSignal;
}

export interface IntakeResult {
  readonly report: SourceRunReport;
  /** What stopped the reading, when something did. */
  readonly problem?: Problem;
}

type Totals = { -readonly [field in keyof RecordCounts]: RecordCounts[field] };

/** Reads what is due, or the range asked for, from one source into the ledger. Throws only what the ledger throws. */
export async function takeIn(parts: IntakeParts, request: IntakeRequest): Promise<IntakeResult> {
  const { source, limits, range } = request;
  const pieces =
    range === undefined
      ? planDue(await stateOf(parts, request), parts.now(), limits)
      : planRange(range, parts.now(), limits);
  const problems = new ProblemTally();
  const totals = noCounts();
  let windows = 0;
  let read = 0;
  let problem: Problem | undefined;
  let heldBack = false;
  for (const piece of pieces) {
    if (request.signal.aborted) break;
    // The vendor's present has been reached: our clock is ahead of it, and the rest of the tail is not there yet.
    if (heldBack && piece.tier === 'tail') continue;
    const outcome = await readPiece(parts, request, piece, totals, problems);
    read += outcome.rows;
    if (outcome.kind === 'complete') heldBack ||= isHeldBack(piece, outcome.vendorNow, limits);
    if (outcome.kind === 'failed') {
      problem = outcome.problem;
      problems.add(problem.code);
      break;
    }
    windows += 1;
  }
  const report = {
    name: source.name,
    windows,
    read,
    new: totals.added,
    changed: totals.changed,
    unchanged: totals.known,
    unreadable: totals.unreadable + totals.unreadableKnown,
    problems: problems.counts(),
  };
  return problem === undefined ? { report } : { report, problem };
}

async function stateOf({ ledger }: IntakeParts, { source, limits }: IntakeRequest): Promise<CoverageState> {
  const known = await ledger.coverage.state(source.name);
  if (known.start !== undefined) return known;
  const start = floorToGrain(limits.startAt);
  await ledger.coverage.begin(source.name, start);
  return { ...known, start };
}

/** One request: its rows go into the ledger as they stream; coverage moves last, and only after a complete answer. */
async function readPiece(
  parts: IntakeParts,
  request: IntakeRequest,
  piece: Piece,
  totals: Totals,
  problems: ProblemTally,
): Promise<ReadOutcome> {
  const { ledger, audit, now, reached } = parts;
  const { source, runId } = request;
  // The start of the read: what was known to the vendor at that moment is at least in the answer.
  const readAt = now();
  const ofPiece = noCounts();
  reached('reading');
  const outcome = await source.read(
    asked(piece.window),
    async (readings) => {
      const counts = await ledger.messages.record(source.name, readAt, readings);
      add(ofPiece, counts);
      for (const { key, problem } of counts.setApart) {
        problems.add(problem.code);
        audit({ event: 'row_set_apart', source: source.name, key, code: problem.code, field: problem.where ?? null });
      }
      parts.recorded();
      reached('recorded');
    },
    request.signal,
  );
  add(totals, ofPiece);
  const where = { runId, source: source.name, from: isoInstant(piece.window.from), to: isoInstant(piece.window.to) };
  const windowRead = { source: source.name, window: piece.window, readAt, rows: outcome.rows };
  if (outcome.kind === 'failed') {
    await ledger.coverage.failed(windowRead, outcome.problem);
    audit({
      event: 'window_failed',
      ...where,
      code: outcome.problem.code,
      httpStatus: outcome.problem.httpStatus ?? null,
    });
    return outcome;
  }
  await ledger.coverage.cover(windowRead, movesUntil(outcome.vendorNow, piece, request.limits));
  reached('covered');
  const { added, changed, known, unreadable } = ofPiece;
  audit({
    event: 'window_read',
    ...where,
    rows: outcome.rows,
    added,
    changed,
    known,
    unreadable,
    bytes: outcome.bytes,
    durationMs: now() - readAt,
  });
  return outcome;
}

/**
 * Nothing after the vendor's own present has been read, whatever our clock says: frontier and sweep are held back to
 * the vendor's time.
 */
function movesUntil(vendorNow: Instant | undefined, piece: Piece, limits: PlanLimits): CoverageMoves {
  const { frontier, sweep } = piece.moves;
  if (vendorNow === undefined) return piece.moves;
  const present = Math.max(piece.frontierBefore, settledEnd(vendorNow, limits));
  return {
    ...piece.moves,
    ...(frontier === undefined ? {} : { frontier: Math.min(frontier, present) }),
    ...(sweep === undefined ? {} : { sweep: sweepUntil(sweep, present, vendorNow) }),
  };
}

function sweepUntil(sweep: SweepState, present: Instant, vendorNow: Instant): SweepState {
  const { doneEnd, doneAt } = sweep;
  return {
    ...sweep,
    ...(doneEnd === undefined ? {} : { doneEnd: Math.min(doneEnd, present) }),
    ...(doneAt === undefined ? {} : { doneAt: Math.min(doneAt, vendorNow) }),
  };
}

const isHeldBack = ({ window }: Piece, vendorNow: Instant | undefined, limits: PlanLimits): boolean =>
  vendorNow !== undefined && settledEnd(vendorNow, limits) < window.to;

const noCounts = (): Totals => ({ added: 0, changed: 0, known: 0, unreadable: 0, unreadableKnown: 0, setApart: [] });

function add(totals: Totals, counts: RecordCounts): void {
  totals.added += counts.added;
  totals.changed += counts.changed;
  totals.known += counts.known;
  totals.unreadable += counts.unreadable;
  totals.unreadableKnown += counts.unreadableKnown;
}
