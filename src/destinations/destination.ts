import type { Communication } from 'fhir/r4.js';
import type { Delivery, DeliveryOutcome, Held, Judgement } from '../exchange/delivery.ts';
import type { Problem } from '../exchange/problem.ts';

/** What a destination can do, learned from itself. */
export type DestinationCheck =
  | {
      readonly kind: 'ready';
      /** For people: which way of writing, in what kind of Bundle, and why. */
      readonly write: string;
      readonly bundle: string;
      readonly why: string;
      /** It can be searched for every copy of a message: `held` tells where there is more than one. */
      readonly findsCopies?: true;
      /** What was written cannot be changed any more. */
      readonly writesOnce?: true;
      /** It only takes in: what it holds cannot be told, and `held` says so of every message (`ehr-not-readable`). */
      readonly cannotBeAsked?: true;
      /** Where the login goes by SMART scopes. */
      readonly scopes?: NeededScopes;
    }
  /** `ehr-unsuitable`: it was reached and lacks what is needed. Anything else: it could not be asked. */
  | { readonly kind: 'failed'; readonly problem: Problem; readonly why: string; readonly scopes?: NeededScopes };

/** The least that the login has to be granted, in both spellings of SMART. */
export interface NeededScopes {
  readonly v1: string;
  readonly v2: string;
  /** What of it the present grant is known to lack. */
  readonly lacking?: string;
}

/** Where Communications go. One kind per folder beside this file; `registry.ts` lists them. */
export interface Destination {
  readonly name: string;
  /** Asks the destination what it offers and settles the way of writing. Writes nothing, ever. */
  check(signal: AbortSignal): Promise<DestinationCheck>;
  /**
   * Sends each delivery once and gives exactly one outcome per delivery, whatever happens; never throws for what the
   * EHR or the network does. Keys are unique within one call. Idempotent: sending again what is there changes nothing.
   */
  send(deliveries: readonly Delivery[], signal: AbortSignal): Promise<readonly DeliveryOutcome[]>;
  /**
   * What the destination holds of each message now: exactly one for each delivery, in their order; never throws for
   * what the EHR or the network does. Writes nothing, ever.
   * @param everyCopy also where a write would not put it, as far as the destination can be searched: more than one is
   * `multiple-matches`, and what is only somewhere else is there
   */
  held(
    deliveries: readonly Delivery[],
    signal: AbortSignal,
    options?: { readonly everyCopy?: boolean },
  ): Promise<readonly Held[]>;
  /** Shows the destination a Communication and asks what it finds wrong with it. Never throws; writes nothing, ever. */
  judge(resource: Communication, signal: AbortSignal): Promise<Judgement>;
  /** Ends kept-open connections. */
  close(): Promise<void>;
}
