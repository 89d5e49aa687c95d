import type { Communication } from 'fhir/r4.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Destination } from '../../src/destinations/destination.ts';
import type { Delivery, DeliveryOutcome } from '../../src/exchange/delivery.ts';
import { problemKind } from '../../src/exchange/problem.ts';
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
  /**
   * Ways in which the EHR can be made to fail at the next requests; none for an EHR that cannot be told to. `onlyWrites`:
   * a request that only asks goes well.
   */
  readonly faults: readonly { readonly name: string; readonly arm: () => void; readonly onlyWrites?: true }[];
  /** It only takes in: nobody can ask it what it holds. */
  readonly cannotBeAsked?: true;
  /** What was written cannot be changed any more: a change is told as `update-not-offered`. */
  readonly writesOnce?: true;
  /** What may have arrived is not found again: it is left to a person (`outcome-unknown`), and never sent by itself. */
  readonly leavesUnsure?: true;
  readonly close: () => Promise<void>;
}

const signal = new AbortController().signal;

type Options = NonNullable<Parameters<DestinationUnderTest['delivery']>[1]>;

const three = (under: DestinationUnderTest, options?: Options) =>
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
      expect(checked.kind === 'ready' && checked.writesOnce).toBe(under.writesOnce);
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
      const sent = await under.destination.send(three(under), signal);
      const before = await under.held();
      const again = await under.destination.send(asKnown(under, sent), signal);
      expect(again.map(({ kind }) => kind)).toEqual(['accepted', 'accepted', 'accepted']);
      expect(await under.held()).toEqual(before);
    });

    it('changes nothing when it is unsure and everything had arrived', async () => {
      const under = await opened();
      await under.destination.send(three(under), signal);
      const before = await under.held();
      const again = await under.destination.send(three(under, { unsure: true }), signal);
      if (under.leavesUnsure) {
        expect(wordsOf(again)).toEqual(['outcome-unknown', 'outcome-unknown', 'outcome-unknown']);
        expect(await under.held()).toEqual(before);
        return;
      }
      if (under.cannotBeAsked === undefined) expect(wordsOf(again)).toEqual(['unchanged', 'unchanged', 'unchanged']);
      expect(again.map(({ kind }) => kind)).toEqual(['accepted', 'accepted', 'accepted']);
      expect(await under.held()).toEqual(before);
    });

    it('creates what it is unsure about and what had not arrived', async () => {
      const under = await opened();
      const outcomes = await under.destination.send(three(under, { unsure: true }), signal);
      const word = under.leavesUnsure ? 'outcome-unknown' : 'created';
      expect(wordsOf(outcomes)).toEqual([word, word, word]);
      expect(await under.held()).toHaveLength(under.leavesUnsure ? 0 : 3);
    });

    it('updates the same Communication when a message has changed, or says that it cannot', async () => {
      const under = await opened();
      const [first] = await under.destination.send([under.delivery(0)], signal);
      const reference = first?.kind === 'accepted' ? first.reference : '';
      const known: Options = { knownReference: reference };
      const tries: readonly Options[] = under.leavesUnsure ? [known] : [{}, { unsure: true }, known];
      for (const options of tries) {
        if (under.writesOnce) {
          const before = await under.held();
          const outcomes = await under.destination.send(
            [under.delivery(0, { status: 'completed', ...options })],
            signal,
          );
          expect(wordsOf(outcomes)).toEqual(['update-not-offered']);
          expect(await under.held()).toEqual(before);
          continue;
        }
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
      const [held] = await under.held();
      if (under.leavesUnsure) {
        expect(told.map(({ kind }) => kind)).toEqual(['unknown', 'unknown', 'unknown']);
      } else {
        expect(told.map(({ kind }) => kind)).toEqual(['absent', 'there', 'absent']);
        expect(told[1]).toMatchObject({ reference, resource: { ...held?.resource, status: 'completed' } });
      }
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
      const sent = await under.destination.send(three(under), signal);
      if (under.cannotBeAsked) {
        const told = await under.destination.held(three(under), signal);
        expect(told.map(({ kind }) => kind)).toEqual(['unknown', 'unknown', 'unknown']);
        return;
      }
      for (const { name, arm } of under.faults.filter(({ onlyWrites }) => onlyWrites === undefined)) {
        arm();
        const told = await under.destination.held(asKnown(under, sent), signal);
        expect({ name, first: told[0]?.kind, told: told.length }).toEqual({ name, first: 'unknown', told: 3 });
        const again = await under.destination.held(asKnown(under, sent), signal);
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
        if (under.leavesUnsure) {
          await expectNoneDoubled(under, tried, name);
          continue;
        }
        // As the ledger does: what may have arrived is looked for.
        const again = await under.destination.send(three(under, { unsure: true }), signal);
        const kinds = again.map(({ kind }) => kind);
        const held = (await under.held()).length;
        expect({ name, kinds, held }).toEqual({ name, kinds: ['accepted', 'accepted', 'accepted'], held: 3 });
      }
    });
  });
}

/** As the ledger sends it again: where what was taken is, is known, where it cannot be found in another way. */
function asKnown(under: DestinationUnderTest, outcomes: readonly DeliveryOutcome[]): readonly Delivery[] {
  if (under.leavesUnsure === undefined) return three(under);
  return three(under).map(({ key }, number) => {
    const taken = outcomes.find((outcome) => outcome.key === key);
    return under.delivery(number, taken?.kind === 'accepted' ? { knownReference: taken.reference } : {});
  });
}

/**
 * What became of a try, sent again as the ledger does until there is nothing left to send: each message is there once,
 * or is left to a person, and then it is there once or not at all.
 */
async function expectNoneDoubled(
  under: DestinationUnderTest,
  tried: readonly DeliveryOutcome[],
  fault: string,
): Promise<void> {
  const again = three(under).flatMap(({ key }, number): readonly Delivery[] => {
    const outcome = tried.find((each) => each.key === key);
    if (outcome?.kind !== 'refused') return [];
    return [under.delivery(number, { unsure: problemKind(outcome.problem.code).class === 'ambiguous' })];
  });
  const words = wordsOf(await under.destination.send(again, signal));
  expect({ fault, strange: words.filter((word) => word !== 'created' && word !== 'outcome-unknown') }).toEqual({
    fault,
    strange: [],
  });
  const held = (await under.held()).map(({ resource }) => resource.identifier?.[0]?.value);
  expect({ fault, held: new Set(held).size }).toEqual({ fault, held: held.length });
  expect(held.length).toBeGreaterThanOrEqual(3 - words.filter((word) => word === 'outcome-unknown').length);
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
