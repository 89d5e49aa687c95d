import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import type { Fault } from '../faults.ts';
import { sendHtml, sendJson } from '../http.ts';
import { answerText, capped, malformedRow, withFirst, withoutFirstId, type AnswerShape } from './answer-text.ts';
import type { Row } from './message.ts';
import { plainFaults, type VendorFault } from './vendor-fault.ts';

export interface Answer {
  readonly requestId: string;
  readonly rows: Iterable<Row>;
  readonly shape: AnswerShape;
  /** Whether to compress, where the client takes it. */
  readonly compress: boolean;
  readonly fault: Fault<VendorFault> | undefined;
}

/** Sends the rows, or what goes wrong instead. The client's pace is ours: nothing is made before there is room for it. */
export function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { fault, shape, requestId, rows } = answer;
  const text = (some: Iterable<Row> = rows): Iterable<string> => answerText(requestId, some, shape);
  const stream = (chunks: Iterable<string> | AsyncIterable<string>): void =>
    streamText(request, response, answer.compress, chunks);
  if (fault === undefined) return stream(text());
  switch (fault.fault) {
    case 'cut-body':
      return stream(broken(text(), response));
    case 'short-body':
      return stream(firstHalf(text()));
    case 'drip':
      return stream(dripping(text(), fault.delayMs ?? 100));
    case 'empty':
      return stream(text([]));
    case 'capped':
      return stream(text(capped(rows, fault.entries ?? 1)));
    case 'malformed-row':
      return stream(text(withFirst(malformedRow, rows)));
    case 'row-without-id':
      return stream(text(withoutFirstId(rows)));
    case 'html':
      return sendHtml(response, 200);
    case 'error-object':
      return sendJson(response, 200, { message: 'An error occurred' });
    case 'redirect':
      response.setHeader('location', 'http://127.0.0.1:9/elsewhere');
      return sendJson(response, 302, { message: 'Moved' });
    case 'drop-connection':
      request.socket.destroy();
      return undefined;
    case 'silent':
      return undefined;
    case 'unauthorized':
    case 'forbidden':
    case 'too-large':
    case 'too-many-requests':
    case 'server-error':
    case 'unavailable': {
      const { status, message } = plainFaults[fault.fault] ?? { status: 500, message: 'Internal server error' };
      if (fault.retryAfter !== undefined) response.setHeader('retry-after', fault.retryAfter);
      return sendJson(response, status, { message });
    }
    default:
      return fault.fault satisfies never;
  }
}

function streamText(
  request: IncomingMessage,
  response: ServerResponse,
  compress: boolean,
  chunks: Iterable<string> | AsyncIterable<string>,
): void {
  const zip = compress && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  response.writeHead(200, {
    'content-type': 'application/json',
    ...(zip ? { 'content-encoding': 'gzip' } : {}),
  });
  const source = Readable.from(chunks, { objectMode: false, highWaterMark: 1 });
  const steps: Transform[] = zip ? [createGzip()] : [];
  // A client that goes away is its own affair.
  pipeline([source, ...steps, response]).catch(() => {});
}

function* firstHalf(chunks: Iterable<string>): Iterable<string> {
  for (const chunk of chunks) {
    yield chunk.slice(0, Math.max(1, Math.floor(chunk.length / 2)));
    return;
  }
}

/** Breaks once the half has left. */
async function* broken(chunks: Iterable<string>, response: ServerResponse): AsyncIterable<string> {
  for (const chunk of firstHalf(chunks)) yield chunk;
  await sleep(20);
  response.destroy();
}

async function* dripping(chunks: Iterable<string>, delayMs: number): AsyncIterable<string> {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += 16) {
      yield chunk.slice(at, at + 16);
      await sleep(delayMs);
    }
  }
}
