import { ByteParts } from './byte-parts.ts';
import { parseLossless } from './lossless-json.ts';
import { tellsError } from './told-errors.ts';

/** Why an answer is none: it is no whole JSON document, or not one with a list of rows. */
export type AnswerFailure = 'source-incomplete-answer' | 'source-unexpected-answer';

/** Deeper nesting than a message result ever has is not one. */
const deepest = 16;
/** No message result is longer, and nothing that long stands around the list: memory does not follow what is sent. */
const longestText = 4 * 1024 * 1024;

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
const isOfByteOrderMark = (byte: number): boolean => byte === 0xef || byte === 0xbb || byte === 0xbf;
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

type Place = 'start' | 'around the list' | 'between rows' | 'in a row';

/**
 * Cuts an answer into its rows while it arrives: `{requestId, response: [...]}` or the bare list. Only finds where each
 * row begins and ends; JSON.parse reads it, and at the end also what stands around the list. So the rows are those of
 * one JSON.parse of the whole, however the answer was cut on its way. (A parser that gathers a string piece by piece
 * may lose a U+FEFF at a seam, and a reply's key is made of its text.)
 */
export class RowCutter {
  /** Rows that are whole and not yet taken away. */
  readonly rows: unknown[] = [];
  failure: AnswerFailure | undefined;

  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #place: Place = 'start';
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The depth between the rows. */
  #listDepth = 0;
  #next: 'row or end' | 'row' | 'comma or end' = 'row or end';
  #hasNumber = false;
  #lists = 0;
  /** At the top of an object: the string read last, and whether the value of `response` comes next. */
  #key: Uint8Array = new Uint8Array();
  #listIsNext = false;
  /** What of the row, or of a string around the list, came in earlier chunks; and where it begins in this one. */
  readonly #held = new ByteParts();
  #textStart = 0;
  /** Everything but the rows; and where it begins in this chunk. */
  readonly #around = new ByteParts();
  #aroundStart = 0;

  write(chunk: Uint8Array): void {
    this.#textStart = 0;
    this.#aroundStart = 0;
    let at = 0;
    while (at < chunk.length && this.failure === undefined) at = this.#read(chunk, at);
    if (this.failure !== undefined) return;
    if (this.#place === 'in a row' || this.#inString) this.#held.add(chunk.subarray(this.#textStart));
    if (this.#place === 'start' || this.#place === 'around the list') this.#keepAround(chunk, chunk.length);
    if (Math.max(this.#held.bytes, this.#around.bytes) > longestText) this.failure = 'source-unexpected-answer';
  }

  /** Nothing more comes: decides whether this was an answer. */
  end(): void {
    if (this.failure !== undefined) return;
    const isWhole = this.#place === 'around the list' && this.#depth === 0 && !this.#inString;
    const around = isWhole ? this.#readAroundList() : undefined;
    if (around === undefined) this.failure = 'source-incomplete-answer';
    else if (this.#lists !== 1 || tellsError(around.value)) this.failure = 'source-unexpected-answer';
  }

  /** Reads on from there to where the place changes, or to the chunk's end. */
  #read(chunk: Uint8Array, at: number): number {
    if (this.#place === 'in a row') return this.#readRow(chunk, at);
    if (this.#place === 'between rows') return this.#readBetween(chunk, at);
    return this.#place === 'start' ? this.#start(chunk, at) : this.#readAround(chunk, at);
  }

  #start(chunk: Uint8Array, at: number): number {
    const byte = chunk[at] ?? 0;
    if (isBlank(byte) || isOfByteOrderMark(byte)) return at + 1;
    if (byte === openBracket) return this.#openList(chunk, at);
    if (byte !== openBrace) return this.#fail('source-unexpected-answer', at);
    this.#place = 'around the list';
    this.#depth = 1;
    return at + 1;
  }

  #readAround(chunk: Uint8Array, from: number): number {
    if (this.#inString) {
      const end = this.#readString(chunk, from);
      if (!this.#inString) this.#key = this.#held.take(chunk.subarray(this.#textStart, end));
      return end;
    }
    const byte = chunk[from] ?? 0;
    if (isBlank(byte)) return from + 1;
    // After the document's end.
    if (this.#depth === 0) return this.#fail('source-incomplete-answer', from);
    if (this.#listIsNext) {
      // `response` as anything but a list, or twice, is not the vendor's answer.
      if (byte !== openBracket || this.#lists > 0) return this.#fail('source-unexpected-answer', from);
      return this.#openList(chunk, from);
    }
    if (byte === quote) {
      this.#inString = true;
      this.#textStart = from;
    } else if (byte === colon) {
      this.#listIsNext = this.#depth === 1 && this.#isResponse();
    } else {
      this.#nest(byte);
    }
    return from + 1;
  }

  #readBetween(chunk: Uint8Array, at: number): number {
    const byte = chunk[at] ?? 0;
    if (isBlank(byte)) return at + 1;
    if (byte === closeBracket && this.#next !== 'row') {
      this.#place = 'around the list';
      this.#depth -= 1;
      this.#aroundStart = at;
      return at + 1;
    }
    if (this.#next === 'comma or end') {
      if (byte !== comma) return this.#fail('source-incomplete-answer', at);
      this.#next = 'row';
      return at + 1;
    }
    if (byte === comma || byte === closeBracket || byte === closeBrace)
      return this.#fail('source-incomplete-answer', at);
    this.#place = 'in a row';
    this.#textStart = at;
    this.#hasNumber = false;
    return at;
  }

  #readRow(chunk: Uint8Array, from: number): number {
    let at = from;
    while (at < chunk.length && this.failure === undefined) {
      if (this.#inString) {
        at = this.#readString(chunk, at);
        if (this.#inString) return at;
        if (this.#depth === this.#listDepth) return this.#endRow(chunk, at);
        continue;
      }
      const byte = chunk[at] ?? 0;
      // A row that is a number, true, false or null ends before what follows it.
      if (this.#depth === this.#listDepth && (byte === comma || byte === closeBracket || isBlank(byte))) {
        return this.#endRow(chunk, at);
      }
      at += 1;
      if (byte === quote) this.#inString = true;
      else if (isDigit(byte)) this.#hasNumber = true;
      else if (this.#nest(byte) === 'closed' && this.#depth <= this.#listDepth) return this.#endRow(chunk, at);
    }
    return at;
  }

  /** Reads on in the string that is open; it is not when the string has ended. */
  #readString(chunk: Uint8Array, from: number): number {
    let at = this.#escaped ? from + 1 : from;
    this.#escaped = false;
    while (at < chunk.length) {
      const byte = chunk[at];
      if (byte === quote) {
        this.#inString = false;
        return at + 1;
      }
      at += byte === backslash ? 2 : 1;
    }
    this.#escaped = at > chunk.length;
    return chunk.length;
  }

  #nest(byte: number): 'opened' | 'closed' | undefined {
    if (byte === openBrace || byte === openBracket) {
      this.#depth += 1;
      if (this.#depth > deepest) this.#fail('source-unexpected-answer', 0);
      return 'opened';
    }
    if (byte !== closeBrace && byte !== closeBracket) return undefined;
    this.#depth -= 1;
    return 'closed';
  }

  #openList(chunk: Uint8Array, at: number): number {
    this.#keepAround(chunk, at + 1);
    this.#lists += 1;
    this.#listIsNext = false;
    this.#depth += 1;
    this.#listDepth = this.#depth;
    this.#place = 'between rows';
    return at + 1;
  }

  #endRow(chunk: Uint8Array, end: number): number {
    this.#place = 'between rows';
    this.#next = 'comma or end';
    try {
      const text = this.#utf8.decode(this.#held.take(chunk.subarray(this.#textStart, end)));
      this.rows.push(this.#hasNumber ? parseLossless(text) : JSON.parse(text));
    } catch {
      this.#fail('source-incomplete-answer', end);
    }
    return end;
  }

  #isResponse(): boolean {
    try {
      return JSON.parse(this.#utf8.decode(this.#key)) === 'response';
    } catch {
      // Found out at the end.
      return false;
    }
  }

  /** The document without its rows; undefined where that is no JSON. */
  #readAroundList(): { readonly value: unknown } | undefined {
    try {
      // Here a byte order mark at the start is dropped; elsewhere it is no JSON.
      return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(this.#around.take())) };
    } catch {
      return undefined;
    }
  }

  #keepAround(chunk: Uint8Array, end: number): void {
    this.#around.add(chunk.subarray(this.#aroundStart, end));
  }

  #fail(failure: AnswerFailure, at: number): number {
    this.failure ??= failure;
    return at;
  }
}
