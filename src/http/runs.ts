import { createHash } from 'node:crypto';
import { instant, readJson, recordKey, sourceName, yesOrNo } from './fields.ts';
import { answerPage, listRequest, paging } from './list.ts';
import type { Asker, Operations, RunAnswer, RunRequest } from './operations.ts';
import { refusal, retryAfter, type Refusal } from './problem-details.ts';
import { answerJson, route, type Reply, type Request, type Route } from './route.ts';

const runFields = { source: sourceName, from: instant, to: instant, resend: yesOrNo, key: recordKey };

export function runRoutes(operations: Operations): readonly Route[] {
  return [
    route({
      operation: 'startRun',
      method: 'POST',
      path: '/runs',
      role: 'operator',
      query: {},
      maxBodyBytes: 16 * 1024,
      async answer(request) {
        const asked = runRequest(request);
        if (asked.kind === 'refusal') return asked;
        return replyTo(await operations.startRun(asked.run, request.asker));
      },
    }),
    route({
      operation: 'listRuns',
      method: 'GET',
      path: '/runs',
      role: 'viewer',
      query: paging,
      answer: ({ query }) => answerPage(operations.runs(listRequest(query).page)),
    }),
    route({
      operation: 'getRun',
      method: 'GET',
      path: '/runs/{id}',
      role: 'viewer',
      query: {},
      async answer({ path: { id = '' } }) {
        const run = /^[\w-]{1,64}$/.test(id) ? await operations.run(id) : undefined;
        return run === undefined ? refusal('not-found', 'No run has this id.') : answerJson(run);
      },
    }),
  ];
}

function runRequest(request: Request<unknown>): { readonly kind: 'run'; readonly run: RunRequest } | Refusal {
  const read = readJson(runFields, request.body);
  if (read.kind === 'refusal') return read;
  const { from, to, resend, key: record } = read.values;
  if ((from === undefined) !== (to === undefined)) {
    return refusal('invalid-body', 'Give both "from" and "to", or neither to read what is due.');
  }
  if (from !== undefined && to !== undefined && from >= to) {
    return refusal('invalid-body', '"from" has to be before "to".');
  }
  if (record !== undefined && resend !== true) {
    return refusal('invalid-body', '"key" names the message to send again: give "resend": true with it.');
  }
  if (resend === true && from === undefined && record === undefined) {
    return refusal('invalid-body', 'Say what to send again: give "from" and "to", or "key".');
  }
  const key = request.header('idempotency-key');
  if (key === undefined) return { kind: 'run', run: read.values };
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    return refusal('invalid-parameter', 'Idempotency-Key holds 1 to 255 visible ASCII characters; a UUID is best.');
  }
  return { kind: 'run', run: { ...read.values, idempotencyKey: keyOf(request.asker, key) } };
}

/** Two users may choose the same key, and nobody checks what a key is made of: it is kept as a digest. */
function keyOf({ user }: Asker, key: string): string {
  return createHash('sha256')
    .update(JSON.stringify([user, key]))
    .digest('base64url');
}

function replyTo(answer: RunAnswer): Reply {
  switch (answer.kind) {
    case 'started':
    case 'repeated':
      return answerJson({ id: answer.id }, { status: 202, headers: { Location: `/runs/${answer.id}` } });
    case 'already-running':
      return refusal('already-running', 'Follow the run that Location names, and ask again when it is done.', {
        members: { runId: answer.id },
        headers: { Location: `/runs/${answer.id}` },
      });
    case 'unknown-source':
      return refusal('unknown-source', 'Name one of the configured sources, or none to run all of them.', {
        members: { known: answer.known },
      });
    case 'unknown-record':
      return refusal('unknown-record', 'No message has this key. GET /records lists them.');
    case 'no-time':
      return refusal('unknown-record', 'It is not known when this message was sent. Give "from" and "to" as well.');
    case 'not-past':
      return refusal('range-not-past', '"from" is in the future, where there is nothing to read yet.');
    case 'stopping':
      return refusal('stopping', 'Ask again when the service has started anew.', { headers: retryAfter(10_000) });
    default:
      return answer satisfies never;
  }
}
