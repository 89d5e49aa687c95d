import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** When the line tells of a Bundle: HAPI begins with it, or HAPI has answered and nobody else knows. */
export type Moment = 'hapi-begins' | 'hapi-has-answered';

/** A line to HAPI that hands on every request and its answer, and tells of Bundles. */
export interface Line {
  readonly url: string;
  /** Calls once, at that moment of the next Bundle. */
  readonly watch: (moment: Moment, call: () => void) => void;
  /** The path of each request so far. */
  readonly asked: () => readonly string[];
  readonly close: () => Promise<void>;
}

export async function openLine(hapi: string): Promise<Line> {
  const { origin, pathname } = new URL(hapi);
  const paths: string[] = [];
  let watched: { readonly moment: Moment; readonly call: () => void } | undefined;

  function tell(moment: Moment, request: IncomingMessage): void {
    if (request.method !== 'POST' || watched?.moment !== moment) return;
    const { call } = watched;
    watched = undefined;
    call();
  }

  async function handOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = request;
    paths.push(url);
    const headers = new Headers();
    for (const name of handedOn) {
      const value = request.headers[name];
      if (typeof value === 'string') headers.set(name, value);
    }
    const body = await buffer(request);
    const asked = fetch(`${origin}${url}`, { method, headers, ...(body.length === 0 ? {} : { body }) });
    tell('hapi-begins', request);
    const answer = await asked;
    const bytes = Buffer.from(await answer.arrayBuffer());
    tell('hapi-has-answered', request);
    response.writeHead(answer.status, [...answer.headers].filter(([name]) => handedBack.has(name)).flat());
    response.end(bytes);
  }

  const server = createServer((request, response) => {
    handOn(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}${pathname}`,
    watch: (moment, call) => (watched = { moment, call }),
    asked: () => paths,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const handedOn = ['accept', 'prefer', 'content-type', 'cache-control'] as const;
const handedBack = new Set(['content-type', 'location', 'content-location', 'etag', 'last-modified', 'retry-after']);
