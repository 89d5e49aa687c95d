import { describe, expect, it } from 'vitest';
import type { DeliveryOutcome } from '../../src/exchange/delivery.ts';
import type { Problem } from '../../src/exchange/problem.ts';
import { hourMs, minuteMs } from '../../src/exchange/window.ts';
import {
  circuitAfterAnswers,
  circuitAfterProblem,
  circuitAt,
  circuitWhenAsked,
  closedCircuit,
  destinationProblem,
  isHeld,
  type Circuit,
} from '../../src/sync/circuit.ts';

const now = Date.parse('2026-03-10T12:00:00Z');
const most = (): number => 1;
const down: Problem = { code: 'ehr-unreachable' };

const accepted: DeliveryOutcome = { kind: 'accepted', key: 'a', reference: 'Communication/a', change: 'created' };
const refused = (problem: Problem): DeliveryOutcome => ({ kind: 'refused', key: 'b', problem });

/** After so many failed tries in a row, each as soon as its pause was over. */
function failed(times: number, problem: Problem = down) {
  let circuit: Circuit = closedCircuit;
  let at = now;
  for (let time = 0; time < times; time += 1) {
    circuit = circuitAfterProblem(circuitAt(circuit, at), problem, at, most);
    if (circuit.kind === 'open' && time < times - 1) at = circuit.until;
  }
  return { circuit, at };
}

const pauseOf = (circuit: Circuit): number => (circuit.kind === 'open' ? circuit.until - circuit.since : NaN);
const answered = (circuit: Circuit, ...outcomes: readonly DeliveryOutcome[]): Circuit =>
  circuitAfterAnswers(circuit, circuit, outcomes);

describe('the circuit to the EHR', () => {
  it('opens with a problem of the whole EHR, each time for twice as long, up to a quarter of an hour', () => {
    expect([1, 2, 3].map((times) => pauseOf(failed(times).circuit))).toEqual([1_000, 2_000, 4_000]);
    expect(pauseOf(failed(30).circuit)).toBe(15 * minuteMs);
  });

  it('stays open until the pause is over, and is half open from then on', () => {
    const { circuit } = failed(1);
    expect(circuitAt(circuit, now + 999)).toBe(circuit);
    expect(circuitAt(circuit, now + 1_000)).toEqual({ kind: 'half-open', failures: 1, problem: down });
  });

  it('is half open too when it was a wrong clock that set the end of the pause', () => {
    const { circuit } = failed(1);
    expect(circuitAt(circuit, now - 2 * hourMs).kind).toBe('half-open');
  });

  it('closes when the few that go first are served, and opens for longer when they are not', () => {
    const half = circuitAt(failed(2).circuit, now + hourMs);
    expect(answered(half, accepted).kind).toBe('closed');
    expect(answered(half, refused({ code: 'resource-refused', httpStatus: 422 })).kind).toBe('closed');
    expect(pauseOf(circuitAfterProblem(half, down, now, most))).toBe(4_000);
  });

  it('stays half open while nothing shows that the EHR is back', () => {
    const half = circuitAt(failed(1).circuit, now + hourMs);
    expect(answered(half)).toBe(half);
    // Known from before, without a word of the EHR's.
    expect(answered(half, refused({ code: 'patient-not-found' }))).toBe(half);
    expect(answered(half, refused({ code: 'record-throttled', httpStatus: 429 }))).toBe(half);
  });

  it('doubles the pause on for an EHR that takes the few and fails on the many', () => {
    const closed = answered(circuitAt(failed(3).circuit, now + hourMs), accepted);
    expect(pauseOf(circuitAfterProblem(closed, down, now, most))).toBe(8_000);
    expect(pauseOf(circuitAfterProblem(answered(closed, accepted), down, now, most))).toBe(1_000);
  });

  it('is closed by no answer to what was sent before it opened', () => {
    const { circuit } = failed(1);
    expect(circuitAfterAnswers(circuit, closedCircuit, [accepted])).toBe(circuit);
    const half = circuitAt(circuit, now + hourMs);
    expect(circuitAfterAnswers(half, closedCircuit, [accepted])).toBe(half);
  });

  it('is open as long as the EHR asks, whichever of two answers asks for more', () => {
    const asked: Problem = { code: 'ehr-throttled', httpStatus: 429, retryAfterMs: hourMs };
    expect(pauseOf(failed(1, asked).circuit)).toBe(hourMs);
    const { circuit } = failed(1);
    expect(circuitAfterProblem(circuit, asked, now + 10, most)).toMatchObject({
      problem: asked,
      until: now + 10 + hourMs,
      failures: 1,
    });
    expect(circuitAfterProblem(circuit, down, now + 10, most)).toBe(circuit);
  });

  it('is half open at once for a person who asks, but for a pause that the EHR asked for', () => {
    expect(circuitWhenAsked(failed(4).circuit)).toMatchObject({ kind: 'half-open', failures: 4 });
    const asked = failed(1, { code: 'ehr-throttled', retryAfterMs: 60_000 }).circuit;
    expect(circuitWhenAsked(asked)).toBe(asked);
    expect(circuitWhenAsked(closedCircuit)).toBe(closedCircuit);
  });
});

describe('what answers say of the whole EHR', () => {
  it('is the problem with the longest wait that it asked for', () => {
    const asked: Problem = { code: 'ehr-throttled', retryAfterMs: 5_000 };
    expect(destinationProblem([accepted, refused(down), refused(asked)])).toEqual(asked);
    expect(destinationProblem([accepted, refused({ code: 'resource-refused' })])).toBeUndefined();
  });

  it('is that no entry of several was carried out, each for the same reason', () => {
    const throttled = refused({ code: 'record-throttled', httpStatus: 429 });
    const broken = refused({ code: 'record-server-error', httpStatus: 500 });
    expect(destinationProblem([throttled, throttled])).toEqual({ code: 'ehr-throttled', httpStatus: 429 });
    expect(destinationProblem([broken, broken])).toEqual({ code: 'ehr-server-error', httpStatus: 500 });
    // One alone may be at fault itself.
    expect(destinationProblem([broken])).toBeUndefined();
    expect(destinationProblem([throttled, throttled, accepted])).toBeUndefined();
    expect(destinationProblem([throttled, refused({ code: 'patient-not-found' })])).toBeUndefined();
  });

  it('is that it asks for less, when it says so of one entry alone', () => {
    expect(isHeld([accepted, refused({ code: 'record-throttled' })])).toBe(true);
    expect(isHeld([refused({ code: 'ehr-throttled' })])).toBe(true);
    expect(isHeld([accepted, refused({ code: 'resource-refused' })])).toBe(false);
  });
});
