import { JSONParser, TokenType } from '@streamparser/json';
import type { ProblemCode } from '../../exchange/problem.ts';

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
  | {
      readonly kind: 'failed';
      readonly code: ProblemCode & `source-${string}`;
      readonly rows: number;
    };

/** Deeper nesting than a message result ever has is not one. */
const deepest = 16;

/**
 * Reads an answer as it arrives: `{requestId, response: [...]}` (as on the vendor's page) or the bare list. Memory does
 * not follow its size. It is `complete` only when the whole of it is one valid JSON document in which `response` is a
 * list, once; an error object, a page of HTML, a body that ends early are failures, never "no rows". What `take` and
 * `chunks` throw passes through.
 */
export async function readAnswer(chunks: AsyncIterable<Uint8Array>, options: AnswerOptions): Promise<AnswerOutcome> {
  const answer = new AnswerParser();
  let bytes = 0;
  let position = 0;
  const handOver = async (least: number): Promise<void> => {
    while (answer.rows.length >= least && answer.rows.length > 0) {
      const rows = answer.rows.splice(0, options.batchRows);
      await options.take(rows, position);
      position += rows.length;
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

type Shape = 'unknown' | 'list' | 'object';

/** The streaming parser, and a look at its tokens that tells whether the document has the shape of an answer. */
class AnswerParser {
  /** Rows parsed and not yet taken away. */
  readonly rows: unknown[] = [];
  failure: Extract<AnswerOutcome, { kind: 'failed' }>['code'] | undefined;
  #parser: JSONParser | undefined;
  #shape: Shape = 'unknown';
  #depth = 0;
  /** At the top of an object: the key that is open, and whether its value comes next. */
  #key = '';
  #valueNext = false;
  #lists = 0;

  write(chunk: Uint8Array): void {
    let rest = chunk;
    if (this.#parser === undefined) {
      rest = withoutBlankStart(chunk);
      const [first] = rest;
      if (first === undefined) return;
      this.#shape = first === 0x5b ? 'list' : first === 0x7b ? 'object' : 'unknown';
      if (this.#shape === 'unknown') {
        this.failure = 'source-unexpected-answer';
        return;
      }
      this.#parser = this.#newParser(this.#shape);
    }
    try {
      this.#parser.write(rest);
    } catch {
      this.failure ??= 'source-incomplete-answer';
    }
  }

  end(): void {
    if (this.failure !== undefined) return;
    try {
      if (this.#parser?.isEnded === false) this.#parser.end();
    } catch {
      this.failure = 'source-incomplete-answer';
      return;
    }
    if (this.#parser === undefined) this.failure = 'source-incomplete-answer';
    else if (this.#lists !== 1) this.failure = 'source-unexpected-answer';
  }

  #newParser(shape: Shape): JSONParser {
    const parser = new JSONParser({ paths: [shape === 'list' ? '$.*' : '$.response.*'], keepStack: false });
    parser.onValue = ({ value }) => void this.rows.push(value);
    if (shape === 'list') this.#lists = 1;
    parser.onToken = ({ token, value }) => this.#look(token, value);
    return parser;
  }

  #look(token: TokenType, value: unknown): void {
    if (this.#shape === 'object' && this.#depth === 1) this.#lookAtTop(token, value);
    if (token === TokenType.LEFT_BRACE || token === TokenType.LEFT_BRACKET) {
      this.#depth += 1;
      if (this.#depth > deepest) {
        this.failure = 'source-unexpected-answer';
        throw new Error('nested too deeply');
      }
    } else if (token === TokenType.RIGHT_BRACE || token === TokenType.RIGHT_BRACKET) {
      this.#depth -= 1;
    }
  }

  #lookAtTop(token: TokenType, value: unknown): void {
    if (token === TokenType.COLON) {
      this.#valueNext = true;
    } else if (!this.#valueNext) {
      if (token === TokenType.STRING) this.#key = String(value);
    } else {
      this.#valueNext = false;
      if (this.#key !== 'response') return;
      // `response` as anything but a list, or twice, is not the vendor's answer.
      this.#lists += token === TokenType.LEFT_BRACKET ? 1 : 2;
    }
  }
}

/** Without white space and a byte order mark at the start. */
function withoutBlankStart(chunk: Uint8Array): Uint8Array {
  const start = chunk.findIndex((byte) => ![0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf].includes(byte));
  return start === -1 ? chunk.subarray(chunk.length) : chunk.subarray(start);
}
