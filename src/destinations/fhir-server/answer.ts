import type { Problem } from '../../exchange/problem.ts';

/** One request to the EHR. */
export interface Question {
  readonly method: 'GET' | 'PUT' | 'POST';
  /** Below the base of the EHR, already percent-encoded; empty is the base itself. */
  readonly path: string;
  /** JSON text of a FHIR resource. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What came of it. */
export type Answer =
  | Answered
  /** No answer: nothing was sent, or what was sent may have arrived. */
  | { readonly kind: 'failed'; readonly problem: Problem };

export interface Answered {
  readonly kind: 'answered';
  readonly status: number;
  /** The parsed JSON; undefined where it was none. */
  readonly body: unknown;
  readonly location?: string;
  readonly etag?: string;
  readonly retryAfterMs?: number;
  /** With 403: the SMART scope that the login lacks. */
  readonly missingScope?: string;
}

/** Asks the EHR. Never throws for what it or the network does. */
export type Ask = (question: Question) => Promise<Answer>;
