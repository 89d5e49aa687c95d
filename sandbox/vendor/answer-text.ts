import type { Row } from './message.ts';

const chunkLength = 64 * 1024;

/** `{requestId, response}`, or the list alone. */
export type AnswerShape = 'object' | 'bare-array';

/** The answer as JSON, piece by piece: no more than one piece is held at a time. */
export function* answerText(requestId: string, rows: Iterable<Row>, shape: AnswerShape): Generator<string> {
  let text = shape === 'object' ? `{"requestId":${JSON.stringify(requestId)},"response":[` : '[';
  let separator = '';
  for (const row of rows) {
    text += separator + JSON.stringify(row);
    separator = ',';
    if (text.length >= chunkLength) {
      yield text;
      text = '';
    }
  }
  yield shape === 'object' ? `${text}]}` : `${text}]`;
}

/** A row as no page describes it, or one that nobody can name. */
export const malformedRow: Row = {
  outgoingMessageId: ['not', 'text'],
  outgoingMessageSentDate: 20231107,
  delivered: true,
};

/** The rows with one more in front. */
export function* withFirst(first: Row, rows: Iterable<Row>): Iterable<Row> {
  yield first;
  yield* rows;
}

export function* withoutFirstId(rows: Iterable<Row>): Iterable<Row> {
  let isFirst = true;
  for (const row of rows) {
    yield isFirst ? { ...row, outgoingMessageId: null } : row;
    isFirst = false;
  }
}

export function* capped(rows: Iterable<Row>, most: number): Iterable<Row> {
  let count = 0;
  for (const row of rows) {
    if (count === most) return;
    count += 1;
    yield row;
  }
}
