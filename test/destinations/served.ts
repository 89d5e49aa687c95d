import { onTestFinished } from 'vitest';
import type { Destination } from '../../src/destinations/destination.ts';
import { makeFhirServer, type FhirServerOptions } from '../../src/destinations/fhir-server/fhir-server.ts';
import type { Delivery, DeliveryOutcome } from '../../src/exchange/delivery.ts';
import type { ProblemCode } from '../../src/exchange/problem.ts';
import { makeDispatcher } from '../../src/network/dispatcher.ts';
import { startScriptedEhr, type EhrOptions, type ScriptedEhr } from './scripted-ehr.ts';

export interface Served {
  readonly ehr: ScriptedEhr;
  readonly destination: Destination;
  /** Pauses that were asked for; they take no time. */
  readonly pauses: number[];
  readonly pass: (ms: number) => void;
  readonly send: (deliveries: readonly Delivery[]) => Promise<readonly DeliveryOutcome[]>;
}

/** When a destination begins to live. */
export const servedAt = Date.UTC(2026, 2, 5, 14);

/** The real destination, as most hospitals have it set up. */
export const fhirServerAt = (url: string, options: Partial<FhirServerOptions> = {}): Destination =>
  makeFhirServer({
    name: 'fhir-server',
    url,
    auth: { kind: 'none' },
    dispatcher: makeDispatcher({ connectTimeoutMs: 2_000 }),
    write: 'auto',
    bundle: { type: 'auto', maxEntries: 100, maxBytes: 4 * 1024 * 1024 },
    timeoutMs: 5_000,
    assume: {},
    acceptUnsuitable: false,
    now: Date.now,
    sleep: () => Promise.resolve(),
    ...options,
  });

/** A destination over a scripted EHR; both end with the test. */
export async function serve(
  ehrOptions: EhrOptions = {},
  options: Partial<Omit<FhirServerOptions, 'now' | 'sleep'>> = {},
): Promise<Served> {
  const ehr = await startScriptedEhr(ehrOptions);
  const pauses: number[] = [];
  let now = servedAt;
  const destination = fhirServerAt(ehr.url, {
    ...options,
    now: () => now,
    sleep: (ms) => {
      pauses.push(ms);
      return Promise.resolve();
    },
  });
  onTestFinished(async () => {
    await ehr.close();
    await destination.close();
  });
  return {
    ehr,
    destination,
    pauses,
    pass: (ms) => void (now += ms),
    send: (deliveries) => destination.send(deliveries, new AbortController().signal),
  };
}

/** `created`, `updated`, `unchanged`, or the code of the problem. */
export const wordOf = (
  outcome: DeliveryOutcome | undefined,
): 'created' | 'updated' | 'unchanged' | ProblemCode | undefined =>
  outcome?.kind === 'accepted' ? outcome.change : outcome?.problem.code;

export const wordsOf = (outcomes: readonly DeliveryOutcome[]): readonly unknown[] => outcomes.map(wordOf);

/** In the order of the deliveries, for `send` promises none. */
export function inOrder(
  deliveries: readonly Delivery[],
  outcomes: readonly DeliveryOutcome[],
): readonly DeliveryOutcome[] {
  return deliveries.flatMap(({ key }) => outcomes.filter((outcome) => outcome.key === key));
}
