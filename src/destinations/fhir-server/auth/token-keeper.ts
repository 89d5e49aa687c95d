import type { Problem } from '../../../exchange/problem.ts';
import type { Instant } from '../../../exchange/window.ts';
import { within } from '../../../network/within.ts';
import type { Authorization, Authorizer } from './authorizer.ts';
import type { Token, TokenAnswer } from './token-answer.ts';

/** A token is renewed so long before its end, or a fifth of its life where that is shorter. */
const earlyMs = 60_000;
/** An early renewal that failed is tried again after this: the token in hand is still good. */
const nextEarlyMs = 15_000;

interface Kept {
  readonly token: Token;
  readonly since: Instant;
  readonly until: Instant;
  readonly renewAt: Instant;
}

/**
 * One token for many requests, in memory alone: renewed before it ends, once for all who ask at the same time. While a
 * new one cannot be had, the old one is shown to its end.
 */
export function tokenKeeper(fetchToken: () => Promise<TokenAnswer>, now: () => Instant): Authorizer {
  let kept: Kept | undefined;
  let fetching: Promise<Problem | Kept> | undefined;

  async function fetchNow(): Promise<Problem | Kept> {
    const answer = await fetchToken();
    if (answer.kind === 'failed') {
      if (kept !== undefined) kept = { ...kept, renewAt: now() + nextEarlyMs };
      return answer.problem;
    }
    const since = now();
    const { lifetimeMs } = answer;
    const until = since + lifetimeMs;
    kept = { token: answer, since, until, renewAt: until - Math.min(earlyMs, lifetimeMs / 5) };
    return kept;
  }

  /** Undefined too where the clock was set back: how old the token is cannot be told. */
  const good = (): Kept | undefined =>
    kept !== undefined && now() < kept.until && now() >= kept.since ? kept : undefined;

  return {
    async authorize(signal): Promise<Authorization> {
      const held = good();
      if (held !== undefined && now() < held.renewAt) return { kind: 'header', header: held.token.header };
      fetching ??= fetchNow().finally(() => {
        fetching = undefined;
      });
      const fetched = await within(fetching, signal).catch((error: unknown): Problem => {
        if (!signal.aborted) throw error;
        return { code: 'token-endpoint-unreachable' };
      });
      if ('token' in fetched) return { kind: 'header', header: fetched.token.header };
      const still = good();
      return still === undefined
        ? { kind: 'failed', problem: fetched }
        : { kind: 'header', header: still.token.header };
    },
    renew(refused) {
      // Refused together with others, one of which has renewed it already.
      if (kept?.token.header === refused) kept = undefined;
      return Promise.resolve(true);
    },
    scopes: () => ({ granted: kept?.token.scope }),
  };
}
