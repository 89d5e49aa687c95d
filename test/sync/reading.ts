import { isoInstant, dayMs, minuteMs, type Instant, type TimeWindow } from '../../src/exchange/window.ts';
import type { Tier } from '../../src/exchange/tier.ts';
import type { CoverageMoves, CoverageState } from '../../src/ledger/ledger.ts';
import type { ReadOutcome } from '../../src/sources/source.ts';
import { readVerdict, type ReadVerdict } from '../../src/sync/read-verdict.ts';
import type { PlanLimits } from '../../src/sync/tiers.ts';
import { nextPiece, settledEnd, type Piece, type RunProgress } from '../../src/sync/window-plan.ts';

/** The pure part of reading, without ledger and vendor. */

export const at = (text: string): Instant => Date.parse(text);

export const limits: PlanLimits = {
  startAt: at('2026-03-01T00:00:00Z'),
  settleDelayMs: 2 * minuteMs,
  latenessMs: 7 * dayMs,
  longestWindowMs: 7 * dayMs,
  requestsPerHour: 240,
};

export const fresh: CoverageState = { start: limits.startAt, tiers: {}, pieces: [], size: {} };

/** Everything swept at that moment. */
export const swept = (doneEnd: Instant, doneAt = doneEnd): CoverageState['tiers'] =>
  Object.fromEntries(
    (['open', 'warm', 'cold', 'deep'] as const).map((tier) => [tier, { doneEnd, doneAt, failures: 0, empty: 0 }]),
  );

export const complete = (rows = 1, vendorNow?: Instant): ReadOutcome => ({
  kind: 'complete',
  rows,
  bytes: rows * 500,
  ...(vendorNow === undefined ? {} : { vendorNow }),
});

/** The state once this was moved; as the ledger does it. */
export function moved(state: CoverageState, moves: CoverageMoves): CoverageState {
  const { start, frontier, tiers, closes = [], opens = [], changes, size, backfill } = moves;
  const ids = state.pieces.map(({ id }) => id);
  const kept = state.pieces
    .filter(({ id }) => !closes.includes(id))
    .map((piece) => (piece.id === changes?.id ? { ...piece, ...changes, window: piece.window } : piece));
  const made = opens.map((piece, index) => ({ ...piece, id: Math.max(0, ...ids) + index + 1 }));
  const job = state.backfill === undefined ? undefined : { ...state.backfill, ...backfill };
  const { backfill: _, ...others } = state;
  return {
    ...others,
    ...(start === undefined ? {} : { start }),
    ...(frontier === undefined ? {} : { frontier }),
    tiers: { ...state.tiers, ...tiers },
    pieces: [...kept, ...made].toSorted((a, b) => a.window.from - b.window.from),
    size: size ?? state.size,
    ...(job?.state === 'running' ? { backfill: job } : {}),
  };
}

export interface Step {
  readonly piece: Piece;
  readonly verdict: ReadVerdict;
}

export interface RunOptions {
  readonly answer?: (piece: Piece) => ReadOutcome;
  readonly known?: number;
  readonly unsettled?: TimeWindow;
  readonly progress?: Partial<RunProgress>;
  readonly limits?: PlanLimits;
  /** Before the first answer of the run. */
  readonly answersOthers?: boolean;
}

/** One run: what was asked, in order, and the state after it. */
export function runOnce(
  state: CoverageState,
  now: Instant,
  options: RunOptions = {},
): { readonly steps: readonly Step[]; readonly state: CoverageState } {
  const { answer = () => complete(), known = 0, unsettled, answersOthers: answered = false } = options;
  const by = options.limits ?? limits;
  const tried = new Set<number>();
  const resting = new Set<Tier>();
  let progress: RunProgress = {
    end: settledEnd(now, by),
    tail: 'fresh',
    resting,
    tried,
    backfills: false,
    ...options.progress,
  };
  const steps: Step[] = [];
  let failures = 0;
  let cuts = 0;
  let current = state;
  for (let count = 0; count < 500; count += 1) {
    const piece = nextPiece(current, now, by, progress, unsettled);
    if (piece === undefined) return { steps, state: current };
    const answersOthers = answered || steps.length > 0;
    const outcome = answer(piece);
    const verdict = readVerdict(piece, outcome, {
      state: current,
      limits: by,
      progress,
      now,
      known,
      answersOthers,
    });
    steps.push({ piece, verdict });
    if (piece.open !== undefined) tried.add(piece.open.id);
    if (verdict.kind === 'source') return { steps, state: current };
    current = moved(current, verdict.moves);
    const slow = verdict.kind === 'again' && verdict.code !== 'source-too-large' && verdict.code !== 'source-capped';
    if (slow) failures += 1;
    if (verdict.kind === 'covered') failures = 0;
    cuts = verdict.kind === 'covered' ? 0 : cuts + 1;
    if (failures >= 2 || cuts >= 20) return { steps, state: current };
    if (verdict.kind === 'covered' && piece.sweepTo === piece.window.to) resting.add(piece.tier);
    const cut = verdict.kind === 'again' && verdict.moves.opens !== undefined;
    if (verdict.kind === 'again' && !cut) resting.add(piece.tier);
    if (piece.tier === 'tail' && piece.open === undefined) {
      const present = outcome.kind === 'complete' ? (outcome.vendorNow ?? now) : now;
      const held = settledEnd(present, by) < piece.window.to;
      const stays = verdict.kind === 'again' && !cut;
      progress = { ...progress, tail: stays || held ? 'done' : piece.window.to };
    }
  }
  throw new Error('a run that does not end');
}

export const show = (steps: readonly Step[]): readonly string[] =>
  steps.map(({ piece: { tier, window } }) => `${tier} ${isoInstant(window.from)} ${isoInstant(window.to)}`);
