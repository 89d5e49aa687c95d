import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { pipeline } from 'node:stream';
import { request, type Dispatcher } from 'undici';
import type { Instant, TimeWindow } from '../../exchange/window.ts';

/** The page says GET, its sample PUT. */
export type WritebackMethod = 'GET' | 'PUT';
/** The page says the one, its sample the other. */
export type WritebackTimestampFormat = 'MM/dd/yyyy HH:mm:ss' | 'yyyy-MM-dd HH:mm:ss';

export interface WritebackCall {
  /** `https://host/dialoghealth-writeback-api`, with or without a slash at its end. */
  readonly url: string;
  readonly console: string;
  readonly username: string;
  readonly password: string;
  readonly method: WritebackMethod;
  readonly timestampFormat: WritebackTimestampFormat;
  readonly window: TimeWindow;
  readonly dispatcher?: Dispatcher;
  /** The absolute deadline; it covers the body. */
  readonly signal: AbortSignal;
}

export interface WritebackAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly allow: string | undefined;
  /** The vendor's clock, from `Date`. */
  readonly vendorNow: Instant | undefined;
  /** The decompressed body. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the connection without reading on. */
  discard(): void;
}

/** One call of `/api/responses/{console}/{start}/{end}`. Throws what the network throws; redirects are not followed. */
export async function callWriteback(call: WritebackCall): Promise<WritebackAnswer> {
  const { statusCode, headers, body } = await request(writebackUrl(call), {
    method: call.method,
    signal: call.signal,
    headers: {
      accept: 'application/json',
      'accept-encoding': 'gzip, deflate, br',
      authorization: basicAuthorization(call.username, call.password),
      ...(call.method === 'PUT' ? { 'content-type': 'application/json' } : {}),
    },
    ...(call.dispatcher === undefined ? {} : { dispatcher: call.dispatcher }),
  });
  const encoding = textOf(headers['content-encoding'])?.toLowerCase();
  const decoder = decompressor(encoding);
  // Errors reach the reader through the last stream of the pipeline.
  const decoded = decoder === undefined ? body : pipeline(body, decoder, () => {});
  const date = Date.parse(textOf(headers.date) ?? '');
  return {
    status: statusCode,
    retryAfter: textOf(headers['retry-after']),
    allow: textOf(headers.allow),
    vendorNow: Number.isNaN(date) ? undefined : date,
    body: decoded,
    discard() {
      body.on('error', () => {});
      body.destroy();
    },
  };
}

/** Every part percent-encoded, the slashes of the American date too (`11%2F05%2F2023%2000%3A00%3A00`). */
export function writebackUrl(call: Pick<WritebackCall, 'url' | 'console' | 'window' | 'timestampFormat'>): string {
  const { window, timestampFormat } = call;
  const parts = [call.console, stamp(window.from, timestampFormat), stamp(window.to, timestampFormat)];
  return `${call.url.replace(/\/+$/, '')}/api/responses/${parts.map(encodeURIComponent).join('/')}`;
}

/** All times of the vendor are UTC. */
function stamp(at: Instant, format: WritebackTimestampFormat): string {
  const [date = '', time = ''] = new Date(at).toISOString().slice(0, 19).split('T');
  const [year, month, day] = date.split('-');
  return format === 'MM/dd/yyyy HH:mm:ss' ? `${month}/${day}/${year} ${time}` : `${date} ${time}`;
}

/** RFC 7617 in UTF-8: a password may hold colons and any letter. */
function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

function decompressor(encoding: string | undefined) {
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip();
  if (encoding === 'deflate') return createInflate();
  return encoding === 'br' ? createBrotliDecompress() : undefined;
}

const textOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;
