import { describe, expect, it } from 'vitest';
import { httpDate } from '../../src/network/http-date.ts';

describe('an HTTP date', () => {
  it.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', ' Sun, 06 Nov 1994 08:49:37 GMT '])(
    'is read: %s',
    (header) => {
      expect(httpDate(header)).toBe(Date.UTC(1994, 10, 6, 8, 49, 37));
    },
  );

  it.each([
    ...['', '5', '120', 'tomorrow', '1994-11-06T08:49:37Z', 'Sun Nov  6 08:49:37 1994', 'Sun, 06 Nov 1994 08:49:37'],
    ...['Sun, 06 Nov 1994 08:49:37 +0100', 'Sun, 99 Nov 1994 08:49:37 GMT', 'Sun, 06 Xyz 1994 08:49:37 GMT', null],
  ])('is not read from %j', (header) => {
    expect(httpDate(header)).toBeUndefined();
  });
});
