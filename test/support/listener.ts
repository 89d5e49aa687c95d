import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { bundleStore, type BundleStore } from './bundle-store.ts';

export interface Posted {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What is done with a post instead of the usual; `take` carries the Bundle out. */
export type ListenerReaction = (response: ServerResponse, take: () => void, posted: Posted) => void;

/** The HTTP listener of an integration engine: it takes Bundles, and knows no other request. */
export interface Listener extends BundleStore {
  readonly url: string;
  readonly posted: readonly Posted[];
  /** Connections that were opened, with or without a request. */
  connections(): number;
  /** What the next posts meet, one after the other. */
  readonly script: ListenerReaction[];
  close(): Promise<void>;
}

/** @param always what every post meets that the script has nothing for */
export async function startListener(always: ListenerReaction = takeIt): Promise<Listener> {
  const store = bundleStore();
  const posted: Posted[] = [];
  const script: ListenerReaction[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    const { method = '', url: path = '', headers } = request;
    text(request)
      .then((body) => {
        const one: Posted = { method, path, headers, body };
        posted.push(one);
        const reaction = script.shift() ?? always;
        reaction(response, () => void store.take(body), one);
      })
      .catch(() => response.destroy());
  });
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    ...store,
    url: `http://127.0.0.1:${port}/sms`,
    posted,
    script,
    connections: () => connections,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const takeIt: ListenerReaction = (response, take) => {
  take();
  response.writeHead(202, { 'content-type': 'text/plain' }).end('queued');
};

/** Answers so, and takes nothing. */
export const answer =
  (status: number, headers: Record<string, string> = {}, body = ''): ListenerReaction =>
  (response) =>
    void response.writeHead(status, headers).end(body);

/** Takes it, and breaks the connection instead of answering. */
export const takeAndBreak: ListenerReaction = (response, take) => {
  take();
  response.destroy();
};

export const breakBefore: ListenerReaction = (response) => void response.destroy();
