import type { IncomingMessage, ServerResponse } from 'node:http';
import { readFault, type FaultQueue } from './faults.ts';
import { isFromHere, readBody, readJson, sendJson } from './http.ts';

const maxBytes = 64 * 1024;

/**
 * `/sandbox/faults`, from this machine only: GET tells what is to go wrong, POST adds a fault, DELETE removes them all.
 */
export async function controlFaults<Code extends string>(
  faults: FaultQueue<Code>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const tell = (status: number): void => sendJson(response, status, { pending: faults.pending(), known: faults.codes });
  if (request.method === 'GET') return whenFromHere(request, response, () => tell(200));
  if (request.method === 'DELETE') {
    return whenFromHere(request, response, () => {
      faults.clear();
      tell(200);
    });
  }
  if (request.method !== 'POST') {
    response.setHeader('allow', 'GET, POST, DELETE');
    return sendJson(response, 405, { message: 'GET, POST or DELETE.' });
  }
  const asked = await readControl(request, response);
  if (asked === undefined) return;
  const read = readFault(faults.codes, asked.value);
  if (read.kind === 'refused') return sendJson(response, 400, { message: read.message });
  faults.add(read.fault);
  tell(201);
}

function whenFromHere(request: IncomingMessage, response: ServerResponse, answer: () => void): void {
  if (isFromHere(request)) answer();
  else refuseStranger(response);
}

const refuseStranger = (response: ServerResponse): void =>
  sendJson(response, 403, { message: 'The sandbox is controlled from its own machine only.' });

/** The JSON that controls the sandbox; undefined when it was refused, and answered. */
export async function readControl(
  request: IncomingMessage,
  response: ServerResponse,
): Promise<{ readonly value: unknown } | undefined> {
  if (!isFromHere(request)) {
    refuseStranger(response);
    return undefined;
  }
  // A page in a browser may send other types to this address without asking.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    sendJson(response, 415, { message: 'Send application/json.' });
    return undefined;
  }
  const body = await readBody(request, maxBytes);
  const json = body.kind === 'body' ? readJson(body.text) : { kind: 'malformed' as const };
  if (json.kind === 'json') return { value: json.value };
  sendJson(response, 400, { message: 'The body is not JSON.' });
  return undefined;
}
