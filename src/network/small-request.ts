import { request, type Dispatcher } from 'undici';
import type { Instant } from '../exchange/window.ts';
import { httpDate } from './http-date.ts';
import { networkFailure, type NetworkFailure } from './network-failure.ts';
import { retryAfterMs } from './retry-after.ts';
import { within } from './within.ts';

/** One request whose answer is small: a token, a document of settings. */
export interface SmallRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly dispatcher: Dispatcher;
  /** For the whole request, its answer included. */
  readonly timeoutMs: number;
  readonly now: () => Instant;
}

export type SmallAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** The body, where it is JSON of no more than 256 KiB. */
      readonly json: unknown;
      readonly retryAfterMs?: number;
      /** How far our clock is ahead of the other side's (`Date`, in whole seconds), in milliseconds. */
      readonly clockAheadMs?: number;
    }
  | { readonly kind: 'unanswered'; readonly failure: NetworkFailure };

const mostBytes = 256 * 1024;

/** Asks once. Redirects are not followed: they are answers. Never throws for what the other side or the network does. */
export async function askSmall(asked: SmallRequest): Promise<SmallAnswer> {
  const { method, url, headers = {}, body, dispatcher, timeoutMs, now } = asked;
  const signal = AbortSignal.timeout(timeoutMs);
  const startedAt = now();
  const ask = async (): Promise<SmallAnswer> => {
    const answer = await request(url, {
      method,
      headers: { accept: 'application/json', 'user-agent': 'dialog-health-fhir', ...headers },
      dispatcher,
      signal,
      ...(body === undefined ? {} : { body }),
    });
    const { date, 'retry-after': wait } = answer.headers;
    const waitMs = retryAfterMs(one(wait), now());
    const theirs = httpDate(one(date));
    const ours = (startedAt + now()) / 2;
    return {
      kind: 'answered',
      status: answer.statusCode,
      json: parsed(await textOf(answer.body)),
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
      // Their second has begun up to a second ago.
      ...(theirs === undefined ? {} : { clockAheadMs: Math.round((ours - theirs - 500) / 1000) * 1000 }),
    };
  };
  try {
    return await within(ask(), signal);
  } catch (error) {
    const failure = signal.aborted ? 'timeout' : networkFailure(error);
    if (failure === undefined) throw error;
    return { kind: 'unanswered', failure };
  }
}

/** Undefined where it is larger than anything that is meant; the rest of it is not read. */
async function textOf(body: AsyncIterable<Uint8Array>): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body) {
    bytes += part.length;
    if (bytes > mostBytes) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

const one = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header[0] : header);
