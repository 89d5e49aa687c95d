import { describe, expect, it } from 'vitest';
import { askedSource } from './asked-source.ts';
import { rows, status, type Reply, type ScriptedVendor } from './scripted-vendor.ts';

const auto = { method: 'auto', timestampFormat: 'auto' } as const;
const american = '03%2F05%2F2026%2000%3A00%3A00/03%2F06%2F2026%2000%3A00%3A00';
const iso = '2026-03-05%2000%3A00%3A00/2026-03-06%2000%3A00%3A00';

/** Each request as its verb and the form of its times. */
const ways = ({ heard }: ScriptedVendor): readonly string[] =>
  heard.map(
    ({ method, path }) => `${method} ${path.endsWith(american) ? 'american' : path.endsWith(iso) ? 'iso' : path}`,
  );

/** A vendor that takes one way only, and says no to others as Spring does. */
const only =
  (verb: string, form: string, refusal = 400): Reply =>
  (response, heard) => {
    if (heard.method !== verb) return status(405, { allow: verb })(response, heard);
    return (heard.path.endsWith(form) ? rows() : status(refusal))(response, heard);
  };

function repeat(vendor: ScriptedVendor, times: number, reply: Reply): void {
  for (let time = 0; time < times; time += 1) vendor.script.push(reply);
}

describe('the way of asking', () => {
  it.each([
    ['GET', 'MM/dd/yyyy HH:mm:ss', `GET american`],
    ['GET', 'yyyy-MM-dd HH:mm:ss', `GET iso`],
    ['PUT', 'MM/dd/yyyy HH:mm:ss', `PUT american`],
    ['PUT', 'yyyy-MM-dd HH:mm:ss', `PUT iso`],
  ] as const)('is %s with %s when that is set, and no other is tried', async (method, timestampFormat, expected) => {
    const { vendor, reads, spent } = await askedSource({ method, timestampFormat });
    expect(await reads()).toBe('complete');
    vendor.script.push(status(400), status(404), status(405, { allow: method === 'GET' ? 'PUT' : 'GET' }));
    expect([await reads(), await reads(), await reads()]).toEqual(Array(3).fill('source-refused'));
    expect(ways(vendor)).toEqual(Array(4).fill(expected));
    expect(spent()).toBe(4);
  });

  it.each([
    ['GET', american, ['GET american']],
    ['GET', iso, ['GET american', 'GET iso']],
    ['PUT', american, ['GET american', 'PUT american']],
    ['PUT', iso, ['GET american', 'PUT american', 'PUT iso']],
  ])('is found when the vendor takes %s with %s only, and remembered', async (verb, form, tried) => {
    const { vendor, reads, spent } = await askedSource(auto);
    repeat(vendor, 9, only(verb, form));
    expect(await reads()).toBe('complete');
    expect(ways(vendor)).toEqual(tried);
    expect(await reads()).toBe('complete');
    expect(ways(vendor)).toEqual([...tried, tried.at(-1)]);
    expect(spent()).toBe(tried.length + 1);
  });

  it('is found behind a server that refuses encoded slashes with 404', async () => {
    const { vendor, reads } = await askedSource(auto);
    repeat(vendor, 2, only('GET', iso, 404));
    expect(await reads()).toBe('complete');
    expect(ways(vendor)).toEqual(['GET american', 'GET iso']);
  });

  it.each([
    ['the verb', { method: 'auto', timestampFormat: 'yyyy-MM-dd HH:mm:ss' }, ['GET iso', 'PUT iso']],
    ['the form of times', { method: 'PUT', timestampFormat: 'auto' }, ['PUT american', 'PUT iso']],
  ] as const)('leaves to be found what is not set: %s', async (_what, options, tried) => {
    const { vendor, reads } = await askedSource(options);
    repeat(vendor, 2, only('PUT', iso));
    expect(await reads()).toBe('complete');
    expect(ways(vendor)).toEqual(tried);
  });

  it('follows a 405 only to a verb that it takes', async () => {
    const { vendor, reads } = await askedSource(auto);
    vendor.script.push(status(405, { allow: 'POST, OPTIONS' }));
    expect(await reads()).toBe('source-refused');
    vendor.script.push(status(405, { allow: ' get,  put ' }));
    expect(await reads()).toBe('complete');
    vendor.script.push(status(405), rows());
    expect(await reads()).toBe('complete');
    expect(ways(vendor)).toEqual(['GET american', 'GET american', 'PUT american', 'PUT american', 'GET american']);
  });

  it('asks each way once, and then says that it was refused', async () => {
    const { vendor, reads, spent } = await askedSource(auto);
    const first = [status(405), status(400), status(405), status(400)];
    vendor.script.push(...first);
    expect(await reads()).toBe('source-refused');
    expect(ways(vendor)).toEqual(['GET american', 'PUT american', 'PUT iso', 'GET iso']);
    expect(spent()).toBe(4);
  });

  it('takes the refusal of a proved way for the refusal of the question, and asks no other way', async () => {
    const { vendor, reads } = await askedSource(auto);
    expect(await reads()).toBe('complete');
    for (const refusal of [400, 404]) {
      vendor.script.push(status(refusal));
      expect(await reads()).toBe('source-refused');
      expect(await reads()).toBe('complete');
    }
    expect(ways(vendor)).toEqual(Array(5).fill('GET american'));
  });

  it('looks for another way when a proved one is refused in two readings running: the vendor may change its mind', async () => {
    const { vendor, reads } = await askedSource(auto);
    expect(await reads()).toBe('complete');
    repeat(vendor, 5, only('GET', iso));
    expect(await reads()).toBe('source-refused');
    expect(await reads()).toBe('complete');
    expect(await reads()).toBe('complete');
    expect(ways(vendor)).toEqual(['GET american', 'GET american', 'GET american', 'GET iso', 'GET iso']);
  });

  it('follows a verb that is taken back at once', async () => {
    const { vendor, reads } = await askedSource(auto);
    expect(await reads()).toBe('complete');
    repeat(vendor, 3, only('PUT', american));
    expect(await reads()).toBe('complete');
    expect(await reads()).toBe('complete');
    expect(ways(vendor)).toEqual(['GET american', 'GET american', 'PUT american', 'PUT american']);
  });

  it.each([401, 403, 429, 500, 503])('is not looked for after a %i', async (code) => {
    const { vendor, reads } = await askedSource(auto);
    vendor.script.push(status(code));
    expect(await reads()).not.toBe('complete');
    expect(vendor.heard).toHaveLength(1);
  });

  it('is not looked for when the budget is used up', async () => {
    let left = 1;
    const { vendor, reads } = await askedSource({
      ...auto,
      spend: () => Promise.resolve((left -= 1) >= 0 ? undefined : { code: 'budget-exhausted', retryAfterMs: 1000 }),
    });
    vendor.script.push(status(405, { allow: 'PUT' }));
    expect(await reads()).toBe('budget-exhausted');
    expect(vendor.heard).toHaveLength(1);
  });
});
