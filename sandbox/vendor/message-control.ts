import type { IncomingMessage, ServerResponse } from 'node:http';
import { readControl } from '../fault-control.ts';
import { sendJson } from '../http.ts';
import type { Row } from './message.ts';
import type { Messages } from './messages.ts';

/** `/sandbox/messages`, from this machine only: POST puts a row in, PATCH `/{id}` changes fields of one. */
export async function controlMessages(
  messages: Messages,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> {
  const id = /^\/sandbox\/messages\/([\w.-]+)$/.exec(path)?.[1];
  const wanted = id === undefined ? 'POST' : 'PATCH';
  if (path !== '/sandbox/messages' && id === undefined) return sendJson(response, 404, { message: 'Not found' });
  if (request.method !== wanted) {
    response.setHeader('allow', wanted);
    return sendJson(response, 405, { message: `${wanted} only.` });
  }
  const asked = await readControl(request, response);
  if (asked === undefined) return;
  const fields = asRow(asked.value);
  const row = id === undefined ? asRow(fields?.['row']) : fields;
  if (row === undefined)
    return sendJson(response, 400, { message: id === undefined ? 'Send {"row": {...}}.' : 'Send {...}.' });
  if (id === undefined) messages.put(row);
  else messages.change(id, row);
  sendJson(response, 204, undefined);
}

const asRow = (value: unknown): Row | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
