import type { AuditLog } from '../audit/audit-log.ts';
import { explainedTranslation, unreadableRow } from '../exchange/explanation.ts';
import { problemSentence } from '../exchange/problem.ts';
import type { Translation } from '../exchange/reports.ts';
import { flag } from './fields.ts';
import type { Operations } from './operations.ts';
import { refusal, type ProblemMembers, type Refusal } from './problem-details.ts';
import { answerJson, route, type Route } from './route.ts';

/** A week of a large console; the Bundle is some five times as large. */
const maxBodyBytes = 64 * 1024 * 1024;
/** Explained, a row is some fifty times as large. */
const maxExplainedBytes = 1024 * 1024;
/** Problems that a refusal lists; the counts say how many there are. */
const listed = 1000;

export function translateRoutes(operations: Operations, audit: AuditLog): readonly Route[] {
  return [
    route({
      operation: 'translate',
      method: 'POST',
      path: '/translate',
      role: 'operator',
      query: { partial: flag, explain: flag },
      maxBodyBytes,
      atOnce: 2,
      async answer({ body, query: { partial = false, explain = false }, asker: { user, requestId } }) {
        if (explain && Buffer.byteLength(body) > maxExplainedBytes) {
          return refusal('body-too-large', `At most ${maxExplainedBytes} bytes are explained. Send fewer rows.`);
        }
        const answer = await operations.translate(body);
        if (answer.kind === 'not-an-answer') {
          return answer.problem.code === 'source-incomplete-answer'
            ? refusal('malformed-json', 'Send the answer of the Message Results Writeback API as it came.')
            : refusal('not-a-vendor-answer', 'Send the answer of the Message Results Writeback API as it came.');
        }
        const { translation, explanations } = answer;
        const { rows, unreadable } = translation;
        audit({ event: 'translate_asked', requestId, user, rows, unreadable: unreadable.length });
        const lacking = partial ? undefined : lackIn(translation);
        if (lacking !== undefined) return lacking;
        const headers = countsOf(translation);
        return explain
          ? answerJson(explainedTranslation(translation, explanations()), { headers })
          : answerJson(translation.bundle, { contentType: 'application/fhir+json', headers });
      },
    }),
  ];
}

/** A Bundle that lacks something it should hold is sent only to those who asked for it. */
function lackIn({ unreadable, left }: Translation): Refusal | undefined {
  const rejected = left.filter(isRejected);
  if (unreadable.length + rejected.length === 0) return undefined;
  const members: ProblemMembers = {
    unreadableRows: unreadable.length,
    rows: unreadable.slice(0, listed).map(unreadableRow),
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

function countsOf({ rows, unreadable, left }: Translation): Readonly<Record<string, string>> {
  const rejected = left.filter(isRejected).length;
  return {
    'X-Rows': String(rows),
    'X-Unreadable-Rows': String(unreadable.length),
    'X-Rejected-Messages': String(rejected),
    'X-Skipped-Messages': String(left.length - rejected),
  };
}

const isRejected = ({ state }: Translation['left'][number]): boolean => state === 'rejected';
