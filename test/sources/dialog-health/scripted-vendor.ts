import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A request as it arrived, its path not decoded. */
export interface Heard {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Reply = (response: ServerResponse, heard: Heard) => void | Promise<void>;

export interface ScriptedVendor {
  readonly url: string;
  readonly heard: Heard[];
  /** What the next requests are answered, one after the other; with no rows when it is empty. */
  readonly script: Reply[];
  /** For a server of another kind, in front of the same script. */
  readonly listener: RequestListener;
  close(): Promise<void>;
}

/** A vendor on port 0 that does as it is told. */
export async function startScriptedVendor(): Promise<ScriptedVendor> {
  const heard: Heard[] = [];
  const script: Reply[] = [];
  const listener: RequestListener = (request, response) => {
    const answer = async (): Promise<void> => {
      const { method = '', url = '', headers } = request;
      const one: Heard = { method, path: url, headers, body: await text(request) };
      heard.push(one);
      await (script.shift() ?? rows())(response, one);
    };
    answer().catch(() => response.destroy());
  };
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${portOf(server)}/dialoghealth-writeback-api`,
    heard,
    script,
    listener,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const portOf = (server: { address(): AddressInfo | string | null }): number => {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  return address.port;
};

/** The answer of the vendor's page with these rows. */
export const rows = (...response: readonly unknown[]): Reply =>
  body(JSON.stringify({ requestId: '00000000-0000-4000-8000-000000000000', response }));

/** 200 with this body, whole. */
export const body =
  (content: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Reply =>
  (response) =>
    void response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(content);

export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}, content = '{"message": "invented"}'): Reply =>
  (response) =>
    void response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(content);

/** Promises more than it sends, and closes. */
export const cutShort =
  (content: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Reply =>
  (response) => {
    response.writeHead(200, { 'content-length': String(content.length + 100), ...headers });
    response.write(content, () => response.destroy());
  };

/** An answer without a length, that ends with its connection. */
export const closeDelimited =
  (content: string): Reply =>
  (response) => {
    response.writeHead(200, { connection: 'close', 'transfer-encoding': 'identity' });
    response.end(content);
  };
