import type { IncomingMessage, ServerResponse } from 'node:http';

export type ReadBody =
  | { readonly kind: 'body'; readonly text: string }
  | { readonly kind: 'too-large' }
  /** The client went away, or said what is no UTF-8. */
  | { readonly kind: 'unreadable' };

/** The whole body as text, where it is no larger than the limit. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<ReadBody> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    const stream: AsyncIterable<Buffer> = request;
    for await (const chunk of stream) {
      bytes += chunk.length;
      // Read to its end, and not kept: what is left unread would stand before the next request of the connection.
      if (bytes <= maxBytes) chunks.push(chunk);
    }
    if (bytes > maxBytes) return { kind: 'too-large' };
    return { kind: 'body', text: new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)) };
  } catch {
    return { kind: 'unreadable' };
  }
}

export type ReadJson = { readonly kind: 'json'; readonly value: unknown } | { readonly kind: 'malformed' };

export function readJson(text: string): ReadJson {
  try {
    const value: unknown = JSON.parse(text);
    return { kind: 'json', value };
  } catch {
    return { kind: 'malformed' };
  }
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(status === 204 ? undefined : `${JSON.stringify(value)}\n`);
}

export function sendText(response: ServerResponse, status: number, lines: readonly string[]): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${lines.join('\n')}\n`);
}

/** What a maintenance page looks like. */
export function sendHtml(response: ServerResponse, status: number): void {
  const page = '<!doctype html><title>Maintenance</title><h1>We will be back soon</h1>\n';
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(page);
}

/** Whether the request comes from this machine. */
export const isFromHere = ({ socket }: IncomingMessage): boolean =>
  /^(?:::1|(?:::ffff:)?127\.\d+\.\d+\.\d+)$/.test(socket.remoteAddress ?? '');

/** RFC 7617 in UTF-8: the name ends at the first colon, a password may hold more. */
export function readBasic(
  header: string | undefined,
): { readonly name: string; readonly password: string } | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(header ?? '')?.[1];
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}
