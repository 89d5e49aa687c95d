import { describe, expect, it } from 'vitest';
import type { Destination } from '../../src/destinations/destination.ts';
import type { DeliveryOutcome, Held } from '../../src/exchange/delivery.ts';
import { makeReadBack } from '../../src/sync/read-back.ts';
import { delivery } from '../destinations/example-deliveries.ts';
import { keptAudit, scriptedDestination } from '../support/scripted.ts';

const sent = delivery(1);
const accepted: DeliveryOutcome = {
  kind: 'accepted',
  key: sent.key,
  reference: 'Communication/there',
  version: '1',
  change: 'created',
};

/** What is told where the EHR holds this. */
async function toldOf(held: Held, outcome: DeliveryOutcome = accepted): Promise<readonly unknown[]> {
  const { audit, events } = keptAudit();
  const destination: Destination = { ...scriptedDestination(), held: () => Promise.resolve([held]) };
  const readBack = makeReadBack({ destination, audit, now: () => 0, random: () => 0, everyMs: 1000 });
  await readBack([sent], [outcome], new AbortController().signal);
  return events;
}

const there = (changes: object, version = '1'): Held => ({
  kind: 'there',
  reference: 'Communication/there',
  version,
  resource: { ...sent.resource, id: 'there', meta: { versionId: version }, ...changes },
});

describe('a message that is read back', () => {
  it('is told by the elements that differ', async () => {
    expect(await toldOf(there({ sent: undefined, payload: [] }))).toEqual([
      { event: 'record_altered', key: sent.key, reference: 'Communication/there', elements: 'sent payload' },
    ]);
  });

  it('is told without names that are not ours: they may be anybody’s', async () => {
    expect(await toldOf(there({ 'Otilie 5550100': true }))).toMatchObject([{ elements: 'other' }]);
  });

  it.each([
    ['held as it was sent', there({})],
    ['written by somebody else since', there({ sent: undefined }, '2')],
    ['not there yet', { kind: 'absent' } as const],
    ['not to be read', { kind: 'unknown', problem: { code: 'ehr-not-readable' } } as const],
  ])('is not told where it is %s', async (_, held) => {
    expect(await toldOf(held)).toEqual([]);
  });

  it('is one that was written: what was refused, or left as it was, is not', async () => {
    const altered = there({ sent: undefined });
    expect(await toldOf(altered, { ...accepted, change: 'unchanged' })).toEqual([]);
    expect(await toldOf(altered, { kind: 'refused', key: sent.key, problem: { code: 'resource-refused' } })).toEqual(
      [],
    );
  });
});
