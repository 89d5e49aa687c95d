/** Bytes that belong together and came in parts. */
export class ByteParts {
  #parts: Uint8Array[] = [];
  bytes = 0;

  add(part: Uint8Array): void {
    this.#parts.push(part);
    this.bytes += part.length;
  }

  /** All of them, and `last`; what comes then is another text. */
  take(last: Uint8Array = new Uint8Array()): Uint8Array {
    if (this.#parts.length === 0) return last;
    const whole = Buffer.concat([...this.#parts, last]);
    this.#parts = [];
    this.bytes = 0;
    return whole;
  }
}
