import { describe, expect, it } from 'vitest';
import { makeFieldWatch } from '../../../src/sources/dialog-health/unlisted-fields.ts';
import { askedSource } from './asked-source.ts';
import { numberedRows, row } from './invented-rows.ts';
import { rows } from './scripted-vendor.ts';

function watched() {
  const told: number[] = [];
  return { told, watch: makeFieldWatch((count) => void told.push(count)) };
}

describe('A26: a field that the vendor’s page does not list', () => {
  it('is told once, as a number', () => {
    const { told, watch } = watched();
    watch([row(), row({ messageState: 'SENT', channel: 'RCS' }), row({ channel: 'SMS' })]);
    watch([row({ channel: 'RCS' })]);
    expect(told).toEqual([2]);
    watch([row({ channel: 'RCS', region: 'x' })]);
    expect(told).toEqual([2, 1]);
  });

  it('is told when it has a name that objects have anyway', () => {
    const { told, watch } = watched();
    const odd: unknown = JSON.parse('{"__proto__": {"polluted": "yes"}, "constructor": "c", "toString": "t"}');
    watch([odd]);
    expect(told).toEqual([3]);
  });

  it('is no field of what is no object', () => {
    const { told, watch } = watched();
    watch([null, 'row', 12, ['a'], true]);
    expect(told).toEqual([]);
  });

  it('is not told of for ever, whatever is sent', () => {
    const { told, watch } = watched();
    for (let n = 0; n < 1_500; n += 1) watch([{ [`field ${n}`]: n }]);
    expect(told).toHaveLength(1_000);
  });

  it('is told by the source, which reads the rows all the same', async () => {
    const told: number[] = [];
    const { vendor, read } = await askedSource({ unlisted: (count) => void told.push(count) });
    const changed = numberedRows(3).map((each) => ({ ...each, outgoingMessageState: 'x' }));
    vendor.script.push(rows(...changed), rows(...changed));
    expect((await read()).readings.map(({ kind }) => kind)).toEqual(['records', 'records', 'records']);
    await read();
    expect(told).toEqual([1]);
  });
});
