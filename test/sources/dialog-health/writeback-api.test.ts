import { describe, expect, it } from 'vitest';
import { writebackUrl } from '../../../src/sources/dialog-health/writeback-api.ts';
import { askedSource } from './asked-source.ts';
import { rows } from './scripted-vendor.ts';

const url = 'https://vendor.example/dialoghealth-writeback-api';
const window = { from: Date.UTC(2023, 10, 5), to: Date.UTC(2023, 10, 8, 23, 59, 50) };

describe('the address of a window', () => {
  it('is that of the page, every part percent-encoded, its slashes too', () => {
    const call = { url, console: 'SIDJUL8079', window };
    expect(writebackUrl({ ...call, timestampFormat: 'MM/dd/yyyy HH:mm:ss' })).toBe(
      `${url}/api/responses/SIDJUL8079/11%2F05%2F2023%2000%3A00%3A00/11%2F08%2F2023%2023%3A59%3A50`,
    );
    expect(writebackUrl({ ...call, timestampFormat: 'yyyy-MM-dd HH:mm:ss' })).toBe(
      `${url}/api/responses/SIDJUL8079/2023-11-05%2000%3A00%3A00/2023-11-08%2023%3A59%3A50`,
    );
  });

  it('is the same with a slash at the end of the base, and keeps the console in its place', () => {
    const call = { window, timestampFormat: 'yyyy-MM-dd HH:mm:ss' } as const;
    expect(writebackUrl({ ...call, url: `${url}//`, console: 'A' })).toBe(writebackUrl({ ...call, url, console: 'A' }));
    expect(writebackUrl({ ...call, url, console: 'A/B?c#d e' })).toContain('/responses/A%2FB%3Fc%23d%20e/2023');
  });

  it('is in UTC, in whatever zone this runs (E4)', () => {
    expect(new Date(window.from).getTimezoneOffset()).not.toBe(0);
    expect(writebackUrl({ url, console: 'A', window, timestampFormat: 'yyyy-MM-dd HH:mm:ss' })).toContain(
      '/2023-11-05%2000%3A00%3A00/',
    );
  });
});

describe('a request', () => {
  it('asks for exactly the window, as JSON, with the login', async () => {
    const { vendor, reads } = await askedSource();
    expect(await reads()).toBe('complete');
    expect(vendor.heard).toMatchObject([
      {
        method: 'GET',
        path: '/dialoghealth-writeback-api/api/responses/SIDJUL8079/03%2F05%2F2026%2000%3A00%3A00/03%2F06%2F2026%2000%3A00%3A00',
        headers: {
          accept: 'application/json',
          authorization: `Basic ${Buffer.from('reader:secret').toString('base64')}`,
          'user-agent': 'dialog-health-fhir',
        },
        body: '',
      },
    ]);
  });

  it('has the headers of the sample when it is a PUT, and no body', async () => {
    const { vendor, reads } = await askedSource({ method: 'PUT', timestampFormat: 'yyyy-MM-dd HH:mm:ss' });
    expect(await reads()).toBe('complete');
    expect(vendor.heard).toMatchObject([
      { method: 'PUT', headers: { 'content-type': 'application/json', 'content-length': '0' }, body: '' },
    ]);
  });

  it('carries passwords with colons and any letter, in UTF-8, and the one of this moment', async () => {
    let password = 'a:b:p\u00E4ssw\u00F6rd\u{1F511}';
    const { vendor, reads } = await askedSource({ username: 'us\u00E9r', password: () => password });
    await reads();
    password = 'another';
    await reads();
    const logins = vendor.heard.map(({ headers }) =>
      Buffer.from(headers.authorization?.slice('Basic '.length) ?? '', 'base64').toString('utf8'),
    );
    expect(logins).toEqual(['us\u00E9r:a:b:p\u00E4ssw\u00F6rd\u{1F511}', 'us\u00E9r:another']);
  });

  it("tells the vendor's clock from its Date header", async () => {
    const { vendor, read } = await askedSource();
    vendor.script.push((response, heard) => {
      response.setHeader('date', 'Thu, 05 Mar 2026 11:58:30 GMT');
      return rows()(response, heard);
    });
    expect((await read()).outcome).toMatchObject({ vendorNow: Date.UTC(2026, 2, 5, 11, 58, 30) });
    for (const date of ['', '5', 'today', '2026-03-05']) {
      vendor.script.push((response, heard) => {
        response.sendDate = false;
        if (date !== '') response.setHeader('date', date);
        return rows()(response, heard);
      });
      expect((await read()).outcome).not.toHaveProperty('vendorNow');
    }
  });
});
