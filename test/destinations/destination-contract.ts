import type { Communication } from 'fhir/r4.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Destination } from '../../src/destinations/destination.ts';
import type { Delivery, DeliveryOutcome } from '../../src/exchange/delivery.ts';
import { inOrder, wordsOf } from './served.ts';

/** A destination with an EHR behind it that holds nothing of these messages yet. */
export interface DestinationUnderTest {
  readonly destination: Destination;
  /** A message to a Patient the EHR has; the same number is the same message. */
  readonly delivery: (
    number: number,
    options?: {
      readonly status?: Communication['status'];
      readonly unsure?: boolean;
      readonly knownReference?: string;
    },
  ) => Delivery;
  /** What the EHR holds, with its versions, asked without the destination. */
  readonly held: () => Promise<readonly { readonly resource: Communication; readonly version: string }[]>;
  /** Ways in which the EHR can be made to fail at the next requests; none for an EHR that cannot be told to. */
  readonly faults: readonly { readonly name: string; readonly arm: () => void }[];
  /** It only takes in: nobody can ask it what it holds. */
  readonly cannotBeAsked?: true;
  readonly close: () => Promise<void>;
}

const signal = new AbortController().signal;

const three = (under: DestinationUnderTest, options?: Parameters<DestinationUnderTest['delivery']>[1]) =>
  [0, 1, 2].map((number) => under.delivery(number, options));

/** What every destination promises, whatever its kind and the EHR behind it. */
export function destinationContract(title: string, open: () => Promise<DestinationUnderTest>): void {
  async function opened(): Promise<DestinationUnderTest> {
    const under = await open();
    onTestFinished(under.close);
    return under;
  }

  describe(`${title}, as a destination`, () => {
    it('writes nothing when it checks', async () => {
      const under = await opened();
      const checked = await under.destination.check(signal);
      expect(checked).toMatchObject({ kind: 'ready' });
      expect(checked.kind === 'ready' && checked.cannotBeAsked).toBe(under.cannotBeAsked);
      expect(await under.held()).toEqual([]);
    });

    it('creates each message once', async () => {
      const under = await opened();
      const outcomes = await under.destination.send(three(under), signal);
      expect(wordsOf(outcomes)).toEqual(['created', 'created', 'created']);
      expect(await under.held()).toHaveLength(3);
    });

    it('tells where the EHR keeps each message', async () => {
      const under = await opened();
      const outcomes = inOrder(three(under), await under.destination.send(three(under), signal));
      const told = outcomes.map((outcome) => (outcome.kind === 'accepted' ? outcome.reference : ''));
      const held = (await under.held()).map(({ resource }) => `Communication/${resource.id ?? ''}`);
      expect(told.toSorted()).toEqual(held.toSorted());
    });

    it('changes nothing when it sends again', async () => {
      const under = await opened();
      await under.destination.send(three(under), signal);
      const before = await under.held();
      const again = await under.destination.send(three(under), signal);
      expect(again.map(({ kind }) => kind)).toEqual(['accepted', 'accepted', 'accepted']);
      expect(await under.held()).toEqual(before);
    });

    it('changes nothing when it is unsure and everything had arrived', async () => {
      const under = await opened();
      await under.destination.send(three(under), signal);
      const before = await under.held();
      const again = await under.destination.send(three(under, { unsure: true }), signal);
      if (under.cannotBeAsked === undefined) expect(wordsOf(again)).toEqual(['unchanged', 'unchanged', 'unchanged']);
      expect(again.map(({ kind }) => kind)).toEqual(['accepted', 'accepted', 'accepted']);
      expect(await under.held()).toEqual(before);
    });

    it('creates what it is unsure about and what had not arrived', async () => {
      const under = await opened();
      const outcomes = await under.destination.send(three(under, { unsure: true }), signal);
      expect(wordsOf(outcomes)).toEqual(['created', 'created', 'created']);
      expect(await under.held()).toHaveLength(3);
    });

    it('updates the same Communication when a message has changed', async () => {
      const under = await opened();
      const [first] = await under.destination.send([under.delivery(0)], signal);
      const reference = first?.kind === 'accepted' ? first.reference : '';
      for (const options of [{}, { unsure: true }, { knownReference: reference }]) {
        const status = options.unsure === true ? 'not-done' : 'completed';
        const outcomes = await under.destination.send([under.delivery(0, { status, ...options })], signal);
        expect(outcomes).toMatchObject([{ kind: 'accepted', reference }]);
        expect(await under.held()).toMatchObject([{ resource: { status } }]);
      }
    });

    it('takes nothing and does nothing', async () => {
      const under = await opened();
      expect(await under.destination.send([], signal)).toEqual([]);
      expect(await under.destination.held([], signal)).toEqual([]);
    });

    it('tells of each message, in order, what the EHR holds of it', async () => {
      const under = await opened();
      const [sent] = await under.destination.send([under.delivery(1, { status: 'completed' })], signal);
      const reference = sent?.kind === 'accepted' ? sent.reference : '';
      const told = await under.destination.held(three(under), signal);
      if (under.cannotBeAsked) {
        expect(told).toEqual(three(under).map(() => ({ kind: 'unknown', problem: { code: 'ehr-not-readable' } })));
        return;
      }
      expect(told.map(({ kind }) => kind)).toEqual(['absent', 'there', 'absent']);
      const [held] = await under.held();
      expect(told[1]).toMatchObject({ reference, resource: { ...held?.resource, status: 'completed' } });
      const byReference = await under.destination.held([under.delivery(1, { knownReference: reference })], signal);
      expect(byReference).toMatchObject([{ kind: 'there', reference, version: held?.version }]);
    });

    it('writes nothing when it tells what the EHR holds', async () => {
      const under = await opened();
      await under.destination.send([under.delivery(1)], signal);
      const before = await under.held();
      await under.destination.held(three(under), signal);
      expect(await under.held()).toEqual(before);
    });

    it('does not tell what it did not ask when it is told to stop', async () => {
      const under = await opened();
      await under.destination.send(three(under), signal);
      const told = await under.destination.held(three(under), AbortSignal.abort());
      expect(told.map(({ kind }) => kind)).toEqual(['unknown', 'unknown', 'unknown']);
    });

    it('sends nothing when it is told to stop', async () => {
      const under = await opened();
      await under.destination.check(signal);
      const outcomes = await under.destination.send(three(under), AbortSignal.abort());
      expectOneEach(three(under), outcomes);
      expect(await under.held()).toEqual([]);
    });

    it('takes nothing that is there for absent, however the EHR fails', async () => {
      const under = await opened();
      await under.destination.send(three(under), signal);
      if (under.cannotBeAsked) {
        const told = await under.destination.held(three(under), signal);
        expect(told.map(({ kind }) => kind)).toEqual(['unknown', 'unknown', 'unknown']);
        return;
      }
      for (const { name, arm } of under.faults) {
        arm();
        const told = await under.destination.held(three(under), signal);
        expect({ name, first: told[0]?.kind, told: told.length }).toEqual({ name, first: 'unknown', told: 3 });
        const again = await under.destination.held(three(under), signal);
        expect({ name, kinds: again.map(({ kind }) => kind) }).toEqual({ name, kinds: ['there', 'there', 'there'] });
      }
    });

    it('gives one outcome for each message and loses none, however the EHR fails', async () => {
      const names = (await opened()).faults.map(({ name }) => name);
      for (const name of names) {
        const under = await opened();
        await under.destination.check(signal);
        under.faults.find((fault) => fault.name === name)?.arm();
        const tried = await under.destination.send(three(under), signal);
        expectOneEach(three(under), tried, name);
        // As the ledger does: what may have arrived is looked for.
        const again = await under.destination.send(three(under, { unsure: true }), signal);
        const kinds = again.map(({ kind }) => kind);
        const held = (await under.held()).length;
        expect({ name, kinds, held }).toEqual({ name, kinds: ['accepted', 'accepted', 'accepted'], held: 3 });
      }
    });
  });
}

const keysOf = (all: readonly { readonly key: string }[]): readonly string[] => all.map(({ key }) => key).toSorted();

/** Exactly one outcome for each delivery, in whatever order. `fault` names what was done to the EHR. */
export function expectOneEach(
  deliveries: readonly Delivery[],
  outcomes: readonly DeliveryOutcome[],
  fault?: string,
): void {
  expect({ fault, keys: keysOf(outcomes) }).toEqual({ fault, keys: keysOf(deliveries) });
}
