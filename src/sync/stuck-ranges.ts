import type { StuckRange } from '../exchange/reports.ts';
import { isoInstant } from '../exchange/window.ts';
import type { OpenPiece } from '../ledger/ledger.ts';

/** Stuck windows as people name them: an hour that was cut into sixty minutes is one range again. Pure; ascending. */
export function stuckRanges(stuck: readonly OpenPiece[]): readonly StuckRange[] {
  const ranges: Pick<OpenPiece, 'window' | 'tier' | 'code'>[] = [];
  for (const { window, tier, code } of stuck) {
    const before = ranges.findLastIndex(
      (range) => range.tier === tier && range.code === code && range.window.to === window.from,
    );
    const range = ranges[before];
    if (range === undefined) ranges.push({ window, tier, code });
    else ranges[before] = { ...range, window: { from: range.window.from, to: window.to } };
  }
  return ranges.map(({ window: { from, to }, tier, code }) => ({
    from: isoInstant(from),
    to: isoInstant(to),
    tier,
    code,
  }));
}
