import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer, type ServerOptions } from 'node:https';
import { connect, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import { afterEach } from 'vitest';

const open: { readonly server: NetServer; readonly sockets: Set<Socket> }[] = [];

afterEach(async () => {
  for (const { server, sockets } of open.splice(0)) {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Listens on port 0 until the test is over, connections and tunnels included. */
export async function listening(server: NetServer): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => void sockets.add(socket.on('error', () => {})));
  open.push({ server, sockets });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return address.port;
}

export interface Site {
  readonly port: number;
  readonly heard: IncomingMessage[];
}

/** Answers everything with an empty list; over TLS when it is given a certificate. */
export async function openSite(tls?: ServerOptions): Promise<Site> {
  const heard: IncomingMessage[] = [];
  const answer: Parameters<typeof createServer>[1] = (request, response) => {
    heard.push(request);
    request.resume();
    response.writeHead(200, { 'content-type': 'application/json' }).end('[]');
  };
  const server: Server = tls === undefined ? createServer(answer) : createSecureServer(tls, answer);
  server.on('tlsClientError', () => {});
  return { port: await listening(server), heard };
}

export interface Proxy {
  readonly port: number;
  /** The request line of what it was asked, and the login it was shown. */
  readonly asked: { readonly line: string; readonly login: string | undefined }[];
}

/** A forward proxy: tunnels, and plain requests for http addresses. Every name leads to this machine. */
export async function openProxy(
  options: { readonly refuse?: number; readonly tls?: ServerOptions } = {},
): Promise<Proxy> {
  const { refuse, tls } = options;
  const asked: Proxy['asked'] = [];
  const note = ({ method, url, headers }: IncomingMessage): void =>
    void asked.push({ line: `${method} ${url}`, login: headers['proxy-authorization'] });
  const server: Server = tls === undefined ? createServer() : createSecureServer(tls);
  server.on('request', (request, response) => {
    note(request);
    const status = refuse ?? 200;
    response.writeHead(status, { 'content-type': 'application/json' }).end('["from the proxy"]');
  });
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    note(request);
    if (refuse !== undefined) return void socket.end(`HTTP/1.1 ${refuse} Refused\r\ncontent-length: 0\r\n\r\n`);
    const port = Number(request.url?.split(':')[1]);
    const onward = connect(port, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
    socket.pipe(onward).pipe(socket);
  });
  return { port: await listening(server), asked };
}
