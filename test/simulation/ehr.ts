import type { Communication } from 'fhir/r4.js';
import type { Destination } from '../../src/destinations/destination.ts';
import type { Delivery, DeliveryOutcome } from '../../src/exchange/delivery.ts';
import type { ProblemCode } from '../../src/exchange/problem.ts';
import { minuteMs, type Instant } from '../../src/exchange/window.ts';
import type { Mapping } from '../../src/mapping/mapping.ts';
import { plainMapping } from '../support/scripted.ts';
import type { VirtualClock } from './clock.ts';
import { dice } from './dice.ts';
import { persons } from './messages.ts';
import type { Scenario } from './scenario.ts';

/** What the EHR holds of a message. */
export interface Copy {
  status: string;
  text: string;
}

export interface Write {
  readonly at: Instant;
  readonly key: string;
  readonly status: string;
}

export interface SimulatedEhr {
  /** By key; more than one copy is a doubled message. */
  readonly copies: ReadonlyMap<string, readonly Copy[]>;
  /** In the order in which they were carried out. */
  readonly writes: readonly Write[];
  /** Keys that were written by two requests at a time. */
  readonly crossed: readonly string[];
  /** Messages it will never take. */
  readonly refuses: (key: string) => boolean;
  /** As one life of the service sees it. */
  destination(): Destination;
  /** One new resource, whatever is there. */
  post(delivery: Delivery): void;
}

/** Status, text and person, so that a check sees what arrived. */
export const simulatedMapping: Mapping = {
  ...plainMapping,
  map({ key, body }) {
    const resource: Communication = {
      resourceType: 'Communication',
      id: key,
      status: 'completed',
      subject: { reference: `Patient/${body['personId'] ?? ''}` },
      statusReason: { text: body['messageStatus'] ?? '' },
      payload: [{ contentString: body['outgoingMessage'] ?? body['incomingMessage'] ?? '' }],
    };
    return { kind: 'communication', resource, counts: [] };
  },
};

export function simulatedEhr(scenario: Scenario, clock: VirtualClock): SimulatedEhr {
  const { seed, start, calm, ehr: habits } = scenario;
  const by = dice(seed, 'ehr');
  const copies = new Map<string, Copy[]>();
  const writes: Write[] = [];
  const crossed: string[] = [];
  const patientsFrom = new Map(
    Array.from({ length: persons }, (_, index) => [
      `Patient/person-${index + 1}`,
      by.chance(habits.missingPatients) ? by.whole(start, calm) : -Infinity,
    ]),
  );
  const refused = dice(seed, 'refused');
  const verdicts = new Map<string, boolean>();

  function refuses(key: string): boolean {
    const verdict = verdicts.get(key) ?? refused.of(key).chance(habits.refused);
    verdicts.set(key, verdict);
    return verdict;
  }

  function copyOf({ resource }: Delivery): Copy {
    return { status: resource.statusReason?.text ?? '', text: resource.payload?.[0]?.contentString ?? '' };
  }

  function post(delivery: Delivery): void {
    const copy = copyOf(delivery);
    copies.set(delivery.key, [...(copies.get(delivery.key) ?? []), copy]);
    writes.push({ at: clock.now(), key: delivery.key, status: copy.status });
  }

  /** One entry, carried out or refused. */
  function carryOut(delivery: Delivery): DeliveryOutcome {
    const { key, unsure, knownReference, resource } = delivery;
    const calmNow = clock.now() >= calm;
    if ((patientsFrom.get(resource.subject?.reference ?? '') ?? -Infinity) > clock.now()) {
      return refusal(key, 'patient-not-found');
    }
    if (refuses(key)) return refusal(key, 'resource-refused');
    if (!calmNow && by.chance(habits.entryFailures)) return refusal(key, 'record-server-error');
    const [there, ...others] = copies.get(key) ?? [];
    // A server that cannot be told which id to use: only who is unsure, or knows it, does not create.
    const mayFind = habits.write === 'put' || unsure || knownReference !== undefined;
    if (there === undefined || !mayFind) {
      post(delivery);
      return { kind: 'accepted', key, reference: `Communication/${key}`, change: 'created' };
    }
    const copy = copyOf(delivery);
    const isSame = there.status === copy.status && there.text === copy.text;
    if (!isSame) {
      copies.set(key, [copy, ...others]);
      writes.push({ at: clock.now(), key, status: copy.status });
    }
    return { kind: 'accepted', key, reference: `Communication/${key}`, change: isSame ? 'unchanged' : 'updated' };
  }

  /** Why the whole request fails, if it does, and whether the EHR has carried it out all the same. */
  function failure(): RequestFailure | undefined {
    const at = clock.now();
    const { outage } = habits;
    if (at >= calm) return undefined;
    if (outage !== undefined && outage.from <= at && at < outage.to) return { code: 'ehr-unreachable', done: false };
    if (by.chance(habits.lostAnswers)) return { code: 'ehr-answer-lost', done: by.chance(0.7) };
    if (!by.chance(habits.failures)) return undefined;
    return by.pick<RequestFailure>([
      { code: 'ehr-server-error', done: false },
      { code: 'ehr-throttled', done: false, retryAfterMs: by.whole(1, 10) * minuteMs },
      { code: 'ehr-unexpected-answer', done: by.chance(0.5) },
    ]);
  }

  function destination(): Destination {
    const underWay = new Set<string>();
    return {
      name: 'simulated-ehr',
      async check() {
        await clock.sleep(by.whole(10, 200));
        const { outage } = habits;
        const isDown = outage !== undefined && outage.from <= clock.now() && clock.now() < outage.to;
        return isDown
          ? { kind: 'failed', problem: { code: 'ehr-unreachable' }, why: 'simulated' }
          : { kind: 'ready', write: habits.write, bundle: 'batch', why: 'simulated' };
      },
      async send(deliveries) {
        for (const { key } of deliveries) {
          if (underWay.has(key)) crossed.push(key);
          underWay.add(key);
        }
        await clock.sleep(by.whole(5, 1_500));
        const failed = failure();
        const outcomes = failed === undefined ? deliveries.map(carryOut) : [];
        // Nobody hears of what it has done.
        if (failed?.done === true) deliveries.filter(() => by.chance(0.8)).forEach(carryOut);
        await clock.sleep(by.whole(5, 500));
        for (const { key } of deliveries) underWay.delete(key);
        if (failed === undefined) return outcomes;
        const { code, retryAfterMs } = failed;
        const problem = { code, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
        return deliveries.map(({ key }) => ({ kind: 'refused', key, problem }));
      },
      held: (deliveries) => Promise.resolve(deliveries.map(() => ({ kind: 'absent' }))),
      judge: () => Promise.resolve({ kind: 'not-offered' }),
      close: () => Promise.resolve(),
    };
  }

  return { copies, writes, crossed, refuses, destination, post };
}

interface RequestFailure {
  readonly code: ProblemCode;
  /** The EHR has carried it out all the same. */
  readonly done: boolean;
  readonly retryAfterMs?: number;
}

const refusal = (key: string, code: ProblemCode): DeliveryOutcome => ({ kind: 'refused', key, problem: { code } });
