import { describe, expect, it } from 'vitest';
import { makeWatch } from '../../src/mapping/watch.ts';

describe('the watch over what is read', () => {
  it('tells the members that the work read, those within an object by their path', () => {
    const watch = makeWatch();
    const settings = watch.of({ region: 'US', patient: { from: 'personId', system: '' }, labels: ['normal'] });
    const [made, read] = watch.during(() => `${settings.patient.from} ${settings.region} ${settings.labels.join()}`);
    expect(made).toBe('personId US normal');
    expect(read).toEqual(['patient.from', 'region', 'labels']);
  });

  it('leaves out what was read by work within that is watched itself', () => {
    const watch = makeWatch();
    const row = watch.of({ outer: 'a', inner: 'b', later: 'c' });
    let inner: readonly string[] = [];
    const [, outer] = watch.during(() => {
      const before = row.outer;
      [, inner] = watch.during(() => row.inner);
      return before + row.later;
    });
    expect([outer, inner]).toEqual([['outer', 'later'], ['inner']]);
  });

  it('goes on after work that threw', () => {
    const watch = makeWatch();
    const row = watch.of({ a: 'a', b: 'b' });
    const [, read] = watch.during(() => {
      const throwing = (): never => {
        throw new Error(row.a);
      };
      expect(() => watch.during(throwing)).toThrow('a');
      return row.b;
    });
    expect(read).toEqual(['b']);
  });

  it('watches what is frozen, and leaves it as it is', () => {
    const watch = makeWatch();
    const settings = Object.freeze({ patient: Object.freeze({ from: 'personId' }) });
    const [from, read] = watch.during(() => watch.of(settings).patient.from);
    expect([from, read]).toEqual(['personId', ['patient.from']]);
  });
});
