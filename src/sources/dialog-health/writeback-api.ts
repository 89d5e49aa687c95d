import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { request, type Dispatcher } from 'undici';
import type { Instant, TimeWindow } from '../../exchange/window.ts';
import { httpDate } from '../../network/http-date.ts';
import { networkFailure, type NetworkFailure } from '../../network/network-failure.ts';
import { within } from '../../network/within.ts';

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
  readonly kind: 'answer';
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly allow: string | undefined;
  /** The vendor's clock, from `Date`. */
  readonly vendorNow: Instant | undefined;
  /** The decompressed body, once. Throws `BrokenOff` when it does not come to its end. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the connection unless the body was read to its end. */
  discard(): void;
}

/** The body did not come to its end. */
export class BrokenOff extends Error {
  readonly failure: NetworkFailure;

  constructor(failure: NetworkFailure) {
    super('The answer broke off.');
    this.failure = failure;
  }
}

/** One call of `/api/responses/{console}/{start}/{end}`. Redirects are not followed; the deadline gives `timeout`. */
export async function callWriteback(
  call: WritebackCall,
): Promise<WritebackAnswer | { readonly kind: 'unanswered'; readonly failure: NetworkFailure }> {
  try {
    const asked = request(writebackUrl(call), {
      method: call.method,
      signal: call.signal,
      headers: {
        accept: 'application/json',
        // Not deflate, which has two forms in the wild; the zlib one is read all the same.
        'accept-encoding': 'gzip, br',
        authorization: basicAuthorization(call.username, call.password),
        // Some firewalls turn away what does not say who it is.
        'user-agent': 'dialog-health-fhir',
        ...(call.method === 'PUT' ? { 'content-type': 'application/json' } : {}),
      },
      headersTimeout: 0,
      bodyTimeout: 0,
      ...(call.dispatcher === undefined ? {} : { dispatcher: call.dispatcher }),
    });
    const { statusCode, headers, body } = await within(asked, call.signal);
    return {
      kind: 'answer',
      status: statusCode,
      retryAfter: textOf(headers['retry-after']),
      allow: textOf(headers.allow),
      vendorNow: httpDate(textOf(headers.date)),
      body: decoded(body, textOf(headers['content-encoding']), call.signal),
      discard() {
        body.on('error', () => {});
        body.destroy();
      },
    };
  } catch (error) {
    const failure = call.signal.aborted ? 'timeout' : networkFailure(error);
    if (failure === undefined) throw error;
    return { kind: 'unanswered', failure };
  }
}

async function* decoded(body: Readable, encoding: string | undefined, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const decoder = decompressor(encoding?.toLowerCase());
  // Errors reach the reader through the last stream of the pipeline.
  const stream: AsyncIterable<Uint8Array> = decoder === undefined ? body : pipeline(body, decoder, () => {});
  try {
    yield* stream;
  } catch (error) {
    throw new BrokenOff(signal.aborted ? 'timeout' : (networkFailure(error) ?? 'broken'));
  }
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
