import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../src/exchange/record.ts';
import type { Mapping } from '../../src/mapping/mapping.ts';
import { translationOf } from '../../src/sync/translation.ts';
import { keys, message, plainMapping, reading } from '../support/scripted.ts';

/** The reply that came in the same row. */
function reply(id: string, text: string): SourceRecord {
  const outgoing = keys.outgoing(id);
  return { ...message(id), key: keys.reply(id, text), direction: 'incoming', related: [outgoing] };
}

describe('the translation of one vendor answer', () => {
  it('is a batch of one PUT by id for each message', () => {
    const { bundle, rows } = translationOf([reading(message('a')), reading(message('b'))], plainMapping);
    expect(rows).toBe(2);
    expect(bundle.type).toBe('batch');
    expect(bundle.entry?.map(({ fullUrl, request }) => ({ fullUrl, request }))).toEqual(
      ['a', 'b'].map((id) => ({
        fullUrl: `urn:uuid:${keys.outgoing(id)}`,
        request: { method: 'PUT', url: `Communication/${keys.outgoing(id)}` },
      })),
    );
  });

  it('has no empty list of entries, which FHIR forbids', () => {
    expect(translationOf([], plainMapping).bundle).toEqual({ resourceType: 'Bundle', type: 'batch' });
  });

  it('gives a message that comes twice once, with the status that knows more', () => {
    const readings = [reading(message('a', 'DELIVERED', 3)), reading(message('a', 'SENT', 1))];
    const { bundle } = translationOf(readings, plainMapping);
    expect(bundle.entry?.map(({ resource }) => resource)).toMatchObject([{ statusReason: { text: 'DELIVERED' } }]);
  });

  it('takes the first of two statuses that know as much, as the service does', () => {
    const readings = [reading(message('a', 'FAILED', 2)), reading(message('a', 'REFUSED', 2))];
    const { bundle } = translationOf(readings, plainMapping);
    expect(bundle.entry?.map(({ resource }) => resource)).toMatchObject([{ statusReason: { text: 'FAILED' } }]);
  });

  it('links a message to every reply of the answer, whatever row they came in', () => {
    const seen: SourceRecord[] = [];
    const mapping: Mapping = {
      ...plainMapping,
      map(record) {
        seen.push(record);
        return plainMapping.map(record);
      },
    };
    const row = (text: string) => {
      const answer = reply('a', text);
      return reading({ ...message('a'), related: [answer.key] }, answer);
    };
    translationOf([row('first answer'), row('second answer')], mapping);
    const outgoing = seen.find(({ direction }) => direction === 'outgoing');
    expect(outgoing?.related).toEqual([keys.reply('a', 'first answer'), keys.reply('a', 'second answer')].toSorted());
  });

  it('tells which rows could not be read, and which messages were left out', () => {
    const mapping: Mapping = {
      ...plainMapping,
      map: (record) =>
        record.key === keys.outgoing('staff')
          ? { kind: 'skipped', problem: { code: 'not-for-a-chart' } }
          : { kind: 'rejected', problem: { code: 'recipient-type-unknown' } },
    };
    const unreadable = { key: 'k', position: 2, problem: { code: 'missing-id' as const }, body: '{}' };
    const readings = [reading(message('staff')), reading(message('who')), { kind: 'unreadable' as const, unreadable }];
    const { bundle, unreadable: rows, left, rows: count } = translationOf(readings, mapping);
    expect(bundle.entry).toBeUndefined();
    expect(count).toBe(3);
    expect(rows).toEqual([{ position: 2, problem: { code: 'missing-id' } }]);
    expect(left.map(({ state, problem }) => [state, problem.code])).toEqual([
      ['skipped', 'not-for-a-chart'],
      ['rejected', 'recipient-type-unknown'],
    ]);
  });
});
