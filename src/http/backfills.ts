import { instant, oneOf, readJson, sourceName, yesOrNo } from './fields.ts';
import { answerPage, listRequest, paging } from './list.ts';
import type { BackfillAnswer, BackfillMove, Operations } from './operations.ts';
import { refusal } from './problem-details.ts';
import { answerJson, route, type Reply, type Request, type Route } from './route.ts';

const backfillFields = {
  source: sourceName,
  from: instant,
  to: instant,
  order: oneOf(['newest-first', 'oldest-first']),
  resend: yesOrNo,
};

export function backfillRoutes(operations: Operations): readonly Route[] {
  const move =
    (to: 'running' | 'paused' | 'stopped') =>
    async ({ path: { id = '' }, asker }: Request<unknown>): Promise<Reply> =>
      isId(id) ? movedReply(await operations.moveBackfill(id, to, asker), to) : notThere;
  const moving = { role: 'operator', query: {} } as const;
  return [
    route({
      operation: 'beginBackfill',
      method: 'POST',
      path: '/backfills',
      role: 'operator',
      query: {},
      maxBodyBytes: 16 * 1024,
      async answer({ body, asker }) {
        const read = readJson(backfillFields, body);
        if (read.kind === 'refusal') return read;
        const { from, to, order = 'newest-first', resend = false, ...source } = read.values;
        if (from === undefined || to === undefined) {
          return refusal('invalid-body', 'Give "from" and "to": the range to read.');
        }
        return begunReply(await operations.beginBackfill({ ...source, from, to, order, resend }, asker));
      },
    }),
    route({
      operation: 'listBackfills',
      method: 'GET',
      path: '/backfills',
      role: 'viewer',
      query: paging,
      answer: ({ query }) => answerPage(operations.backfills(listRequest(query).page)),
    }),
    route({
      operation: 'getBackfill',
      method: 'GET',
      path: '/backfills/{id}',
      role: 'viewer',
      query: {},
      async answer({ path: { id = '' } }) {
        const job = isId(id) ? await operations.backfill(id) : undefined;
        return job === undefined ? notThere : answerJson(job);
      },
    }),
    route({ ...moving, operation: 'stopBackfill', method: 'DELETE', path: '/backfills/{id}', answer: move('stopped') }),
    route({
      ...moving,
      operation: 'pauseBackfill',
      method: 'POST',
      path: '/backfills/{id}/pause',
      answer: move('paused'),
    }),
    route({
      ...moving,
      operation: 'resumeBackfill',
      method: 'POST',
      path: '/backfills/{id}/resume',
      answer: move('running'),
    }),
  ];
}

const isId = (text: string): boolean => /^[\w-]{1,64}$/.test(text);

const notThere = refusal('not-found', 'No backfill has this id.');

function begunReply(answer: BackfillAnswer): Reply {
  switch (answer.kind) {
    case 'begun':
    case 'there': {
      const status = answer.kind === 'begun' ? 202 : 200;
      return answerJson(answer.job, { status, headers: { Location: `/backfills/${answer.job.id}` } });
    }
    case 'not-past':
      return answer.why === 'empty'
        ? refusal('invalid-body', '"from" has to be before "to".')
        : refusal('range-not-past', '"to" is in the future, where there is nothing to read yet.');
    case 'unknown-source':
      return refusal('unknown-source', 'Name one of the configured sources; it may be left out where there is one.', {
        members: { known: answer.known },
      });
    default:
      return answer satisfies never;
  }
}

function movedReply(answer: BackfillMove, to: 'running' | 'paused' | 'stopped'): Reply {
  switch (answer.kind) {
    case 'moved':
      return answerJson(answer.job);
    case 'over':
      // What is over is read no more: stopping it has nothing left to do.
      if (to === 'stopped') return answerJson(answer.job);
      return refusal('backfill-over', 'It is done or was stopped. Begin the range anew with POST /backfills.');
    case 'not-there':
      return notThere;
    default:
      return answer satisfies never;
  }
}
