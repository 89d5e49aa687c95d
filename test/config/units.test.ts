import { assert, constantFrom, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, duration } from '../../src/config/units.ts';

const anyDuration = duration({ least: '0s', most: '9999d' });
const anySize = bytes({ least: '0B', most: '64GiB' });

describe('a duration', () => {
  it.each([
    ['90s', 90_000],
    ['5m', 300_000],
    ['6h', 21_600_000],
    ['7d', 604_800_000],
    ['2 m', 120_000],
    ['0s', 0],
  ])('%s is %i milliseconds', (text, ms) => {
    expect(anyDuration(text)).toEqual({ kind: 'value', value: ms });
  });

  it.each(['30', '5 minutes', '1.5h', '-5m', '5M', '5min', 'PT5M', '', 'm', '5m30s', '5constructor', '1e3s'])(
    '"%s" is refused, with how it is written (G2)',
    (text) => {
      expect(anyDuration(text)).toEqual({
        kind: 'problem',
        problem: 'is not a duration such as 90s, 5m, 6h or 7d: write a whole number and its unit.',
      });
    },
  );

  it.each([
    ['59s', 'problem'],
    ['60s', 'value'],
    ['1m', 'value'],
    ['1h', 'value'],
    ['61m', 'problem'],
  ])('of %s between 1m and 1h is a %s', (text, kind) => {
    expect(duration({ least: '1m', most: '1h' })(text).kind).toBe(kind);
  });

  it('out of range is told the range', () => {
    expect(duration({ least: '1m', most: '1h' })('2h')).toMatchObject({
      problem: 'is out of range: write something from 1m to 1h.',
    });
  });

  it('grows with its number', () => {
    assert(
      property(nat(999), constantFrom('s', 'm', 'h', 'd'), (count, unit) => {
        const [one, more] = [anyDuration(`${count}${unit}`), anyDuration(`${count + 1}${unit}`)];
        expect(one.kind === 'value' && more.kind === 'value' && one.value < more.value).toBe(true);
      }),
    );
  });
});

describe('a size', () => {
  it.each([
    ['1B', 1],
    ['512KiB', 524_288],
    ['4MiB', 4_194_304],
    ['1GiB', 1_073_741_824],
  ])('%s is %i bytes', (text, size) => {
    expect(anySize(text)).toEqual({ kind: 'value', value: size });
  });

  it.each(['64MB', '64', '64mib', '1.5GiB', ''])('"%s" is refused, with how it is written', (text) => {
    expect(anySize(text)).toEqual({
      kind: 'problem',
      problem: 'is not a size such as 512KiB, 64MiB or 1GiB: write a whole number and its unit.',
    });
  });
});
