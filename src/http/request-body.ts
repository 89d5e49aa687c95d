import type { IncomingMessage } from 'node:http';
import { refusal, type Refusal } from './problem-details.ts';

type Body = { readonly kind: 'body'; readonly text: string } | Refusal | { readonly kind: 'gone' };

/**
 * Reads a JSON body as text, at most `maxBytes` of it. Compressed bodies are refused: their size is known too late. The
 * text is exactly what was sent: bytes that are not UTF-8 are refused, not replaced. `gone`: the client left.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Body> {
  if (!isJson(request.headers['content-type']) || (request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    return refusal('unsupported-media-type', 'Send Content-Type: application/json and no Content-Encoding.');
  }
  const tooLarge = refusal('body-too-large', `At most ${maxBytes} bytes are taken.`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return tooLarge;
  const read = await collect(request, maxBytes);
  if (read === 'too-large') return tooLarge;
  if (read === 'gone') return { kind: 'gone' };
  try {
    return { kind: 'body', text: new TextDecoder('utf-8', { fatal: true }).decode(read) };
  } catch {
    return refusal('malformed-json', 'The body is not UTF-8.');
  }
}

/** The type decides, so that no HTML form can send it; JSON is UTF-8 (RFC 8259), whatever charset is named otherwise. */
const isJson = (contentType = ''): boolean => /^application\/json *(?:; *charset="?utf-8"? *)?$/i.test(contentType);

function collect(request: IncomingMessage, maxBytes: number): Promise<Buffer | 'too-large' | 'gone'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      // The rest flows into nothing, so that the client gets to read its answer; the request timeout ends it.
      request.off('data', onData).resume();
      resolve('too-large');
    };
    request
      .on('data', onData)
      .once('end', () => resolve(Buffer.concat(chunks)))
      .once('error', () => resolve('gone'))
      .once('close', () => resolve('gone'));
  });
}
