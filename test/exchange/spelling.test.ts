import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/exchange/spelling.ts';

const known = ['url', 'console', 'requestsPerHour', 'settleDelay', 'timeout', 'timezone', 'tls'];

describe('a misspelt word', () => {
  it.each([
    ['consol', 'console'],
    ['requestPerHour', 'requestsPerHour'],
    ['requests_per_hour', 'requestsPerHour'],
    ['requests-per-hour', 'requestsPerHour'],
    ['settledelay', 'settleDelay'],
    ['timezon', 'timezone'],
    ['timeOut', 'timeout'],
    ['uri', 'url'],
    ['tsl', 'tls'],
    ['cosnole', 'console'],
  ])('%s means %s', (word, meant) => {
    expect(nearest(word, known)).toBe(meant);
  });

  it.each(['password', 'x', '', 'baseAddress'])('"%s" is near to none', (word) => {
    expect(nearest(word, known)).toBeUndefined();
  });

  it('means nothing where nothing is known', () => {
    expect(nearest('url', [])).toBeUndefined();
  });
});
