import type { Destination } from '../../destinations/destination.ts';
import type { Delivery, Held } from '../../exchange/delivery.ts';
import { problemKind, type Problem } from '../../exchange/problem.ts';
import { backOffMs, type Random } from '../retry-policy.ts';

/** A request that fails is made so often; then nothing more is asked until the EHR has answered another question. */
const mostTries = 4;
/** An EHR that asks for a longer pause is not waited for. */
const longestPauseMs = 120_000;

export interface EhrReaderParts {
  readonly destination: Pick<Destination, 'check' | 'held'>;
  /** Requests on their way at once. */
  readonly atOnce: number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random: Random;
  /** Why it could not be asked a moment ago. */
  readonly down?: Problem | undefined;
}

/** Asks the EHR for one message after another, several at once. A hiccup of the EHR is waited out. */
export interface EhrReader {
  /**
   * Calls `take` once for each delivery, in any order, as its answer comes. While the EHR cannot be asked that is
   * `unknown` with the reason, without a request for each. The next delivery is asked for when there is room for it.
   */
  read(
    deliveries: Iterable<Delivery>,
    take: (delivery: Delivery, held: Held) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

/** For an EHR that only takes in: every message is left unasked, and vendor and ledger are compared without it. */
export const nobodyToAsk: EhrReader = {
  read(deliveries) {
    // Each is made all the same, so that it is known what the mapping makes nothing of.
    for (const { key: _ } of deliveries);
    return Promise.resolve();
  },
};

export function makeEhrReader({ destination, atOnce, sleep, random, ...parts }: EhrReaderParts): EhrReader {
  /** Why the EHR is not asked. */
  let { down } = parts;

  async function heldOf(delivery: Delivery, signal: AbortSignal): Promise<Held> {
    for (let tries = 1; ; tries += 1) {
      if (down !== undefined) return { kind: 'unknown', problem: down };
      const [held] = await destination.held([delivery], signal, { everyCopy: true });
      if (held === undefined) return { kind: 'unknown', problem: { code: 'outcome-unknown' } };
      if (held.kind !== 'unknown' || problemKind(held.problem.code).scope !== 'destination') return held;
      const { problem } = held;
      if (signal.aborted) return held;
      const pauseMs = backOffMs(tries, random, problem.retryAfterMs);
      if (tries === mostTries || !mayPass(problem) || pauseMs > longestPauseMs) {
        down = problem;
        return held;
      }
      await sleep(pauseMs, signal);
    }
  }

  return {
    async read(deliveries, take, signal) {
      if (down !== undefined) {
        const check = await destination.check(signal);
        down = check.kind === 'failed' ? check.problem : undefined;
      }
      const left = deliveries[Symbol.iterator]();
      const worker = async (): Promise<void> => {
        for (let next = left.next(); next.done !== true; next = left.next()) {
          take(next.value, await heldOf(next.value, signal));
        }
      };
      await Promise.all(Array.from({ length: atOnce }, worker));
    },
  };
}

/** A login or a right that is lacking is not there a second later. */
const mayPass = ({ code }: Problem): boolean =>
  problemKind(code).class !== 'permanent' &&
  code !== 'ehr-unauthorized' &&
  code !== 'ehr-forbidden' &&
  code !== 'ehr-tls-error' &&
  (!code.startsWith('token-') || code === 'token-endpoint-unreachable' || code === 'token-endpoint-failed');
