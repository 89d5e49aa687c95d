import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sentAt } from '../../../src/sources/dialog-health/sent-at.ts';

const at = (instant: number | null) => ({ kind: 'at', at: instant });

describe('when a message was sent', () => {
  it.each([
    ['11/07/2023', '08:32', '2023-11-07T08:32:00Z'],
    ['02/29/2024', '00:00', '2024-02-29T00:00:00Z'],
    ['02/29/2000', '23:59', '2000-02-29T23:59:00Z'],
    ['12/31/2025', ' 23:59 ', '2025-12-31T23:59:00Z'],
    [' 03/08/2026 ', '02:30', '2026-03-08T02:30:00Z'],
  ])('is %s %s in UTC, in whatever zone this runs', (date, time, expected) => {
    expect(sentAt(date, time)).toEqual(at(Date.parse(expected)));
  });

  it('is the midnight of a date without a time, and not known without a date', () => {
    expect(sentAt('11/07/2023', null)).toEqual(at(Date.UTC(2023, 10, 7)));
    expect(sentAt('11/07/2023', ' ')).toEqual(at(Date.UTC(2023, 10, 7)));
    expect(sentAt(null, '08:32')).toEqual(at(null));
    expect(sentAt('', null)).toEqual(at(null));
  });

  it.each([
    ...['02/30/2026', '02/29/2023', '02/29/1900', '04/31/2026', '13/01/2026', '00/10/2026', '01/00/2026', '01/32/2026'],
    ...[
      '2026-03-05',
      '2026/03/05',
      '3/5/2026',
      '03/05/26',
      '03-05-2026',
      '05.03.2026',
      '03/05/2026 08:32',
      '03/05/20266',
    ],
    ...['01/01/0001', '00/00/0000', 'yesterday', 'null', '1772697120000', '\u0660\u0663/05/2026', '03/05/2026T'],
  ])('F9: is not guessed from the date %s', (date) => {
    expect(sentAt(date, '08:32')).toEqual({ kind: 'no date' });
  });

  it.each([
    '24:00',
    '23:60',
    '9:5',
    '9:05',
    '08:32:10',
    '08.32',
    '8:32 AM',
    '0832',
    '-1:00',
    '25:00',
    'noon',
    '08:32Z',
  ])('F9: is not guessed from the time %s', (time) => {
    expect(sentAt('11/07/2023', time)).toEqual({ kind: 'no time' });
    expect(sentAt(null, time)).toEqual({ kind: 'no time' });
  });

  it('E8: is every minute of two centuries, written as the vendor writes it', () => {
    const minutes = fc.integer({ min: Date.UTC(1900, 0) / 60_000, max: Date.UTC(2099, 11, 31) / 60_000 });
    fc.assert(
      fc.property(minutes, (minute) => {
        const [date = '', time = ''] = new Date(minute * 60_000).toISOString().split('T');
        const [year, month, day] = date.split('-');
        expect(sentAt(`${month}/${day}/${year}`, time.slice(0, 5))).toEqual(at(minute * 60_000));
      }),
    );
  });

  it('is a day that exists, or none', () => {
    const part = (max: number) => fc.integer({ min: 0, max });
    fc.assert(
      fc.property(part(14), part(33), fc.integer({ min: 1990, max: 2035 }), (month, day, year) => {
        const text = `${String(month).padStart(2, '0')}/${String(day).padStart(2, '0')}/${year}`;
        const exists = new Date(Date.UTC(year, month - 1, day))
          .toISOString()
          .startsWith(`${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`);
        expect(sentAt(text, null).kind).toBe(exists ? 'at' : 'no date');
      }),
    );
  });
});
