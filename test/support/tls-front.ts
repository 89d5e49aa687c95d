import { connect } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { Authority, Certified } from '../network/certificates.ts';

export interface TlsFront {
  /** `https://localhost:1234` */
  readonly origin: string;
  /** The names on the certificates that clients showed, one for each connection. */
  readonly clients: string[];
  readonly close: () => Promise<void>;
}

/** TLS before a server without: what comes in goes on to its port. Only clients of that authority get in, if one is given. */
export async function tlsFront(
  onward: string | number,
  { cert, keyText }: Certified,
  clientsOf?: Authority,
): Promise<TlsFront> {
  const port = typeof onward === 'number' ? onward : Number(new URL(onward).port);
  const sockets = new Set<TLSSocket>();
  const clients: string[] = [];
  const asksClients = clientsOf === undefined ? {} : { ca: clientsOf.caText, requestCert: true };
  const server = createServer({ cert, key: keyText, ...asksClients }, (socket) => {
    sockets.add(socket);
    if (clientsOf !== undefined) clients.push(String(socket.getPeerCertificate().subject?.CN));
    const behind = connect(port, '127.0.0.1');
    socket.on('error', () => behind.destroy()).pipe(behind);
    behind.on('error', () => socket.destroy()).pipe(socket);
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    origin: `https://localhost:${typeof address === 'object' ? address?.port : ''}`,
    clients,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
