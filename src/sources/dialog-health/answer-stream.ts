import type { AnswerFailure } from './row-cutter.ts';
import { RowCutter } from './row-cutter.ts';

export interface AnswerOptions {
  /** After decompression. */
  readonly maxBytes: number;
  /** Rows handed over at once. */
  readonly batchRows: number;
  /** @param position of the first of these rows in the answer, from 0 */
  readonly take: (rows: readonly unknown[], position: number) => Promise<void>;
}

export type AnswerOutcome =
  | { readonly kind: 'complete'; readonly rows: number; readonly bytes: number }
  | { readonly kind: 'failed'; readonly code: AnswerFailure | 'source-too-large'; readonly rows: number };

/**
 * Reads an answer as it arrives: `{requestId, response: [...]}` (as on the vendor's page) or the bare list. Memory does
 * not follow its size. It is `complete` only when the whole of it is one valid JSON document in which `response` is a
 * list, once; an error object, a page of HTML, a body that ends early are failures, never "no rows". What `take` and
 * `chunks` throw passes through.
 */
export async function readAnswer(chunks: AsyncIterable<Uint8Array>, options: AnswerOptions): Promise<AnswerOutcome> {
  const answer = new RowCutter();
  let bytes = 0;
  let position = 0;
  const handOver = async (least: number): Promise<void> => {
    while (answer.rows.length >= least && answer.rows.length > 0) {
      const from = position;
      position += Math.min(answer.rows.length, options.batchRows);
      // Nothing here holds the rows while they are taken: that may last, and they are many.
      await options.take(answer.rows.splice(0, options.batchRows), from);
    }
  };
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > options.maxBytes) return { kind: 'failed', code: 'source-too-large', rows: position };
    answer.write(chunk);
    await handOver(options.batchRows);
    if (answer.failure !== undefined) break;
  }
  answer.end();
  await handOver(1);
  if (answer.failure !== undefined) return { kind: 'failed', code: answer.failure, rows: position };
  return { kind: 'complete', rows: position, bytes };
}
