import type { AuditLog } from '../audit/audit-log.ts';
import { problemSentence } from '../exchange/problem.ts';
import type { Translation } from '../exchange/reports.ts';
import { flag } from './fields.ts';
import type { Operations } from './operations.ts';
import { refusal, type ProblemMembers } from './problem-details.ts';
import { answerJson, route, type Reply, type Route } from './route.ts';

/** A week of a large console; the Bundle is some five times as large. */
const maxBodyBytes = 64 * 1024 * 1024;
/** Problems that a refusal lists; the counts say how many there are. */
const listed = 1000;

export function translateRoutes(operations: Operations, audit: AuditLog): readonly Route[] {
  return [
    route({
      operation: 'translate',
      method: 'POST',
      path: '/translate',
      role: 'operator',
      query: { partial: flag },
      maxBodyBytes,
      atOnce: 2,
      async answer({ body, query: { partial = false }, asker: { user, requestId } }) {
        const answer = await operations.translate(body);
        if (answer.kind === 'not-an-answer') {
          return answer.problem.code === 'source-incomplete-answer'
            ? refusal('malformed-json', 'Send the answer of the Message Results Writeback API as it came.')
            : refusal('not-a-vendor-answer', 'Send the answer of the Message Results Writeback API as it came.');
        }
        const { rows, unreadable } = answer.translation;
        audit({ event: 'translate_asked', requestId, user, rows, unreadable: unreadable.length });
        return replyTo(answer.translation, partial);
      },
    }),
  ];
}

/** A Bundle that lacks something it should hold is sent only to those who asked for it. */
function replyTo({ bundle, rows, unreadable, left }: Translation, partial: boolean): Reply {
  const rejected = left.filter(({ state }) => state === 'rejected');
  if (!partial && unreadable.length + rejected.length > 0) {
    const members: ProblemMembers = {
      unreadableRows: unreadable.length,
      rows: unreadable.slice(0, listed).map(({ position, problem }) => ({
        position,
        code: problem.code,
        where: problem.where ?? null,
        problem: problemSentence(problem),
      })),
      rejectedMessages: rejected.length,
      messages: rejected
        .slice(0, listed)
        .map(({ key, problem }) => ({ key, code: problem.code, problem: problemSentence(problem) })),
    };
    return refusal(
      unreadable.length > 0 ? 'unreadable-rows' : 'rejected-messages',
      'See rows and messages. Ask with ?partial=true for a Bundle of the rest.',
      { members },
    );
  }
  return answerJson(bundle, {
    contentType: 'application/fhir+json',
    headers: {
      'X-Rows': String(rows),
      'X-Unreadable-Rows': String(unreadable.length),
      'X-Rejected-Messages': String(rejected.length),
      'X-Skipped-Messages': String(left.length - rejected.length),
    },
  });
}
