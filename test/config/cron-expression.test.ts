import { validate } from 'node-cron';
import { describe, expect, it } from 'vitest';
import { readCron } from '../../src/config/cron-expression.ts';

describe('a cron expression', () => {
  it.each([
    ['*/5 * * * *', 12],
    ['* * * * *', 60],
    ['0 * * * *', 1],
    ['0 3 * * *', 1],
    ['0,30 * * * *', 2],
    ['0-20/5,45 * * * *', 6],
    ['0-10,5-15 * * * *', 16],
    ['50-59/5 * * * *', 2],
    ['0 8-18 * * mon-fri', 1],
    ['0 0 1 JAN *', 1],
    ['0 0 * * 7', 1],
    ['*/30 * * * * *', 120],
    ['15 */10 * * * *', 6],
    ['  */5  *  *  *  *  ', 12],
  ])('%s runs %i times in an hour', (text, runsPerHour) => {
    expect(readCron(text)).toEqual({ kind: 'valid', runsPerHour });
  });

  it.each(['', '*', '* * * *', '* * * * * * *', '@hourly', 'every five minutes'])(
    '"%s" is told how many fields there are',
    (text) => {
      expect(readCron(text)).toEqual({
        kind: 'invalid',
        problem: 'is not a cron expression: write five fields, minute hour day month weekday.',
      });
    },
  );

  it.each([
    ['60 * * * * *', 'second'],
    ['60 * * * *', 'minute'],
    ['*/0 * * * *', 'minute'],
    ['50/5 * * * *', 'minute'],
    ['20-10 * * * *', 'minute'],
    ['1-2-3 * * * *', 'minute'],
    ['-5 * * * *', 'minute'],
    [', * * * *', 'minute'],
    ['*/5/5 * * * *', 'minute'],
    ['* 24 * * *', 'hour'],
    ['* * 0 * *', 'day of the month'],
    ['* * * 13 *', 'month'],
    ['* * * mon *', 'month'],
    ['* * * * 8', 'day of the week'],
    ['* * * * jan', 'day of the week'],
    ['* * * * sund', 'day of the week'],
  ])('%s has a wrong %s', (text, field) => {
    expect(readCron(text)).toMatchObject({
      kind: 'invalid',
      problem: expect.stringContaining(`has a wrong ${field}: `),
    });
  });

  it.each([
    '*/5 * * * *',
    '0,30 * * * *',
    '0-20/5,45 * * * *',
    '0 8-18 * * mon-fri',
    '0 0 1 JAN *',
    '0 0 * * 7',
    '*/30 * * * * *',
    '50/5 * * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * * 13 *',
    '* * * * 8',
    '*/0 * * * *',
  ])('%s is taken or refused as by the scheduler', (text) => {
    expect(readCron(text).kind === 'valid').toBe(validate(text));
  });
});
