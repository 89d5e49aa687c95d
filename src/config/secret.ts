import { inspect } from 'node:util';

/**
 * A setting that must not be printed: whoever wants the text says `reveal()`; every accidental way (template, JSON,
 * console) gives what may be shown, `***` unless told otherwise, and nothing where nothing is set.
 */
export class Secret {
  #text: string;
  #reread: (() => string | undefined) | undefined;
  readonly #shown: string;

  constructor(text: string, shown = '***') {
    this.#text = text;
    this.#shown = text === '' ? '' : shown;
  }

  /** The present text: a secret that came out of a file is read again, and the last one stays while that fails. */
  reveal(): string {
    const now = this.#reread?.();
    if (now !== undefined && now !== '') this.#text = now;
    return this.#text;
  }

  /** @param reread gives the text of now, or nothing where it cannot be read */
  follow(reread: () => string | undefined): this {
    this.#reread = reread;
    return this;
  }

  toString(): string {
    return this.#shown;
  }

  toJSON(): string {
    return this.#shown;
  }

  [inspect.custom](): string {
    return this.#shown;
  }
}
