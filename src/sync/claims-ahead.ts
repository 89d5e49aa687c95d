import { minuteMs, type Instant } from '../exchange/window.ts';
import type { Claim, Messages } from '../ledger/ledger.ts';

/** After this the records of a process that is gone are taken up again; one that was only slow settles nothing any more, by the token of its claim. */
export const leaseMs = 10 * minuteMs;
/** As many Bundles are claimed in one transaction as go in about this time: each transaction waits for the disk. */
const aheadMs = 250;
/** What a process that dies had claimed is looked for at the EHR, one by one. */
const mostAhead = 16;
/** What was claimed so long ago is not sent any more: its lease is to last for the request. */
const freshMs = minuteMs / 2;

/** The claims of one cycle: the faster the EHR takes them, the more of them before there is room to send them. */
export interface ClaimsAhead {
  /** At most so many; undefined: nothing more is due. */
  take(limit: number): Promise<readonly Claim[] | undefined>;
  /** Gives back what was not taken. */
  end(): Promise<void>;
}

/**
 * @param dueBy what comes due later waits for the next cycle
 * @param batch what one Bundle takes: less is asked for by whoever wants no more
 */
export function claimsAhead(
  messages: Pick<Messages, 'claim' | 'handBack'>,
  { dueBy, batch, now }: { readonly dueBy: Instant; readonly batch: number; readonly now: () => Instant },
): ClaimsAhead {
  let claimed: Claim[] = [];
  let claimedAt = dueBy;
  let bundles = 0;

  async function end(): Promise<void> {
    const left = claimed;
    claimed = [];
    if (left.length > 0) await messages.handBack(left, now());
  }

  return {
    async take(limit) {
      if (Math.abs(now() - claimedAt) > freshMs) await end();
      if (claimed.length === 0) {
        bundles = bundlesAfter(bundles, Math.abs(now() - claimedAt));
        claimedAt = now();
        const wanted = limit < batch ? limit : batch * bundles;
        claimed = [...(await messages.claim({ limit: wanted, now: dueBy, leaseMs }))];
      }
      return claimed.length === 0 ? undefined : claimed.splice(0, limit);
    },
    end,
  };
}

/** As many more as went in less time than there was, or fewer. */
function bundlesAfter(bundles: number, tookMs: number): number {
  if (bundles === 0) return 1;
  if (tookMs < aheadMs) return Math.min(mostAhead, bundles * 2);
  return tookMs > 2 * aheadMs ? Math.max(1, Math.floor(bundles / 2)) : bundles;
}
