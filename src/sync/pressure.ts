import type { DeliveryOutcome } from '../exchange/delivery.ts';
import type { Problem } from '../exchange/problem.ts';
import type { Instant } from '../exchange/window.ts';
import {
  circuitAfterAnswers,
  circuitAfterProblem,
  circuitAt,
  circuitWhenAsked,
  closedCircuit,
  destinationProblem,
  isHeld,
  probeRecords,
  type Circuit,
} from './circuit.ts';
import { atOnce, concurrencyAfter, firstConcurrency } from './concurrency.ts';
import type { Random } from './retry-policy.ts';

export interface PressureOptions {
  readonly now: () => Instant;
  readonly random: Random;
  /** Messages in one request. */
  readonly batch: number;
  /** Requests on their way at once. */
  readonly most: number;
  readonly paused: (problem: Problem, until: Instant) => void;
}

/** How much the EHR is given at a time: by what it answered, and how fast. */
export interface Pressure {
  readonly circuit: () => Circuit;
  /** Requests that may be on their way at once, as far as the EHR has shown. */
  readonly atOnce: () => number;
  /** How many messages the next request may hold now; none while there are enough on their way. */
  room(): number;
  /**
   * A request goes out. Gives what is called with what came of it.
   * @param full it holds as much as one takes, and nothing out of the ordinary
   */
  sending(full: boolean): (outcomes: readonly DeliveryOutcome[]) => void;
  /** It could not be asked. */
  failed(problem: Problem): void;
  /** A person asks now. */
  askedNow(): void;
}

export function makePressure({ now, random, batch, most, paused }: PressureOptions): Pressure {
  let circuit: Circuit = closedCircuit;
  let concurrency = firstConcurrency;
  let onTheirWay = 0;

  const current = (): Circuit => (circuit = circuitAt(circuit, now()));

  function failed(problem: Problem): void {
    const before = current();
    circuit = circuitAfterProblem(before, problem, now(), random);
    if (circuit.kind === 'open' && circuit !== before) paused(problem, circuit.until);
  }

  return {
    circuit: current,
    atOnce: () => atOnce(concurrency),
    room() {
      switch (current().kind) {
        case 'open':
          return 0;
        case 'half-open':
          // What was sent before the pause shows nothing, but it is a burden all the same.
          return onTheirWay === 0 ? Math.min(probeRecords, batch) : 0;
        case 'closed':
          return onTheirWay < atOnce(concurrency) ? batch : 0;
      }
    },
    sending(full) {
      const under = { circuit: current(), concurrency };
      const sentAt = now();
      onTheirWay += 1;
      return (outcomes) => {
        const held = isHeld(outcomes);
        const allInUse = onTheirWay >= atOnce(concurrency);
        onTheirWay -= 1;
        const attempt = { under: under.concurrency, tookMs: now() - sentAt, held, full, allInUse };
        concurrency = concurrencyAfter(concurrency, attempt, most, now());
        const problem = destinationProblem(outcomes);
        if (problem === undefined) circuit = circuitAfterAnswers(current(), under.circuit, outcomes);
        else failed(problem);
      };
    },
    failed,
    askedNow() {
      circuit = circuitWhenAsked(circuit);
    },
  };
}
