import { once } from 'node:events';
import type { Server } from 'node:http';

export interface Address {
  readonly host: string;
  readonly port: number;
  /** Where the port is taken, any free one will do. */
  readonly orFree?: boolean;
}

/** Gives the port it listens on. Rejects with the system's error (`EADDRINUSE`). */
export async function listenAt(server: Server, { host, port, orFree = false }: Address): Promise<number> {
  try {
    return await listening(server, host, port);
  } catch (error) {
    if (!orFree || !(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    return listening(server, host, 0);
  }
}

async function listening(server: Server, host: string, port: number): Promise<number> {
  server.listen({ host, port });
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** Ends at once: what is under way is cut off. */
export async function closeNow(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

/** IPv6 addresses stand in brackets. */
export const originOf = (host: string, port: number): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
