import { timingSafeEqual, createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { controlFaults } from '../fault-control.ts';
import { faultQueue, type FaultQueue } from '../faults.ts';
import { readBasic, sendJson, sendText } from '../http.ts';
import { closeNow, listenAt, originOf } from '../listen.ts';
import { randomOf } from '../random.ts';
import { sendAnswer } from './answer.ts';
import type { AnswerShape } from './answer-text.ts';
import { controlMessages } from './message-control.ts';
import type { Instant, Row } from './message.ts';
import { messagesOf, type Messages } from './messages.ts';
import { isServicePath, readQuestion, servicePath, type VendorRules } from './question.ts';
import { syntheticMessages } from './synthetic-messages.ts';
import { happens, vendorFaults, type VendorFault } from './vendor-fault.ts';

export interface VendorOptions extends Partial<Omit<VendorRules, 'console'>> {
  readonly console: string;
  readonly username: string;
  readonly password: string;
  /** 127.0.0.1 */
  readonly host?: string;
  /** 0: any free one, which is the default. */
  readonly port?: number;
  /** Where the port is taken, any free one will do. */
  readonly orFree?: boolean;
  /** Makes messages of invented persons. Without it there are the rows alone. */
  readonly seed?: number;
  readonly messagesPerDay?: number;
  readonly persons?: number;
  /** Exact rows, in addition. */
  readonly rows?: readonly Row[];
  readonly shape?: AnswerShape;
  /** gzip, where the client takes it. */
  readonly compress?: boolean;
  /** How far the vendor's clock, as its `Date` header has it, is ahead. */
  readonly clockSkewMs?: number;
  /** More than these in an hour are answered with 429. */
  readonly requestsPerHour?: number;
  readonly now?: () => Instant;
}

/** A request for messages, and what became of it. */
export interface VendorRequest {
  readonly at: Instant;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** What went wrong because it was told to. */
  readonly fault?: VendorFault;
}

export interface Vendor {
  /** What a client is configured with: `http://127.0.0.1:PORT/dialoghealth-writeback-api`. */
  readonly url: string;
  /** `http://127.0.0.1:PORT`, below which `/sandbox/faults` and `/sandbox/messages` are. */
  readonly origin: string;
  readonly messages: Messages;
  readonly faults: FaultQueue<VendorFault>;
  /** The latest ten thousand. */
  readonly requests: readonly VendorRequest[];
  close(): Promise<void>;
}

export const defaultMessagesPerDay = 400;
export const defaultPersons = 120;
const hourMs = 3_600_000;
const requestsKept = 10_000;

/** Starts a Dialog Health Message Results Writeback API with messages that are all invented. */
export async function startVendor(options: VendorOptions): Promise<Vendor> {
  const { host = '127.0.0.1', port = 0, orFree = false, seed, now = Date.now } = options;
  const { messagesPerDay = defaultMessagesPerDay, persons = defaultPersons } = options;
  const { method = 'both', timestampFormat = 'both', bounds = 'inclusive', ...others } = options;
  const rules: VendorRules = { ...others, method, timestampFormat, bounds };
  const synthetic = seed === undefined ? undefined : syntheticMessages({ seed, messagesPerDay, persons });
  const messages = messagesOf(synthetic, options.rows ?? []);
  const faults = faultQueue(vendorFaults);
  const requests: VendorRequest[] = [];
  const isKnown = loginCheck(options);
  let answered = 0;

  function answerRequest(request: IncomingMessage, response: ServerResponse, url: string): void {
    const at = now();
    const method = request.method ?? '';
    const log = (status: number, fault?: VendorFault): void => {
      requests.push({ at, method, path: url, status, ...(fault === undefined ? {} : { fault }) });
      if (requests.length > requestsKept) requests.shift();
    };
    const refuse = (status: number, message: string): void => {
      log(status);
      sendJson(response, status, { message });
    };
    if (!isKnown(request.headers.authorization)) {
      response.setHeader('www-authenticate', 'Basic realm="Dialog Health", charset="UTF-8"');
      return refuse(401, 'Unauthorized');
    }
    const freeAt = freeAgainAt(requests, options.requestsPerHour, at);
    if (freeAt > at) {
      response.setHeader('retry-after', String(Math.ceil((freeAt - at) / 1000)));
      return refuse(429, 'Too many requests');
    }
    const question = readQuestion(method, url, rules, at);
    if (question.kind === 'refused') {
      if (question.offered !== undefined) response.setHeader('allow', question.offered);
      return refuse(question.status, question.message);
    }
    const { window } = question;
    const fault = faults.take((each) => happens(each, window, messages.rows(window, at)));
    answered += 1;
    const { shape = 'object', compress = false } = options;
    sendAnswer(request, response, {
      requestId: requestId(seed ?? 0, answered),
      rows: messages.rows(window, at),
      shape,
      compress,
      fault,
    });
    log(response.statusCode, fault?.fault);
  }

  const server = createServer((request, response) => {
    const [pathname = '/'] = (request.url ?? '/').split('?');
    response.setHeader('date', new Date(now() + (options.clockSkewMs ?? 0)).toUTCString());
    if (isServicePath(pathname)) answerRequest(request, response, pathname);
    else if (pathname === '/sandbox/faults') void controlFaults(faults, request, response);
    else if (pathname.startsWith('/sandbox/messages')) void controlMessages(messages, request, response, pathname);
    else if (pathname === '/') sendText(response, 200, landing(origin));
    else sendJson(response, 404, { message: 'Not found' });
  });
  const origin = originOf(host, await listenAt(server, { host, port, orFree }));
  return { url: `${origin}${servicePath}`, origin, messages, faults, requests, close: () => closeNow(server) };
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

function loginCheck({ username, password }: VendorOptions): (header: string | undefined) => boolean {
  const known = digest(`${username}\n${password}`);
  return (header) => {
    const given = readBasic(header);
    return given !== undefined && timingSafeEqual(digest(`${given.name}\n${given.password}`), known);
  };
}

/** When the next request is answered: now, while there were fewer in the last hour. */
function freeAgainAt(requests: readonly VendorRequest[], perHour: number | undefined, now: Instant): Instant {
  if (perHour === undefined) return now;
  const answered = requests.filter(({ at, status }) => at > now - hourMs && status !== 429);
  return (answered.at(-perHour)?.at ?? now - hourMs) + hourMs;
}

/** The n-th answer of a seed has the same id each time. */
function requestId(seed: number, count: number): string {
  const hex = randomOf(seed ^ 0x72657175, count).hex(32);
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-a$4-$5');
}

const landing = (origin: string): readonly string[] => [
  'A Dialog Health Message Results Writeback API with invented messages.',
  '',
  `GET or PUT ${origin}${servicePath}/api/responses/{console}/{start}/{end}`,
  '           HTTP Basic; times as MM/dd/yyyy HH:mm:ss or yyyy-MM-dd HH:mm:ss, UTC, at most a week',
  `POST       ${origin}/sandbox/faults         {"fault": "cut-body", "times": 2}`,
  `POST       ${origin}/sandbox/messages       {"row": {...}}`,
  `PATCH      ${origin}/sandbox/messages/{id}  {"delivered": "true"}`,
];
