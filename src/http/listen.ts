import { createServer as createHttpServer, type RequestListener, type ServerOptions } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface ListenOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** PEM texts. With `clientCa`, only clients with a certificate of that authority get a connection. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly clientCa?: string };
  readonly limits?: Partial<ConnectionLimits>;
}

export interface Listening {
  readonly port: number;
  /**
   * Takes no new connections, ends those at rest, lets requests under way finish for `graceMs`, then cuts them off.
   * Resolves when every connection has ended.
   */
  close(graceMs: number): Promise<void>;
}

/** What one client may take up. */
export interface ConnectionLimits {
  readonly connections: number;
  readonly headersMs: number;
  /** For the whole request with its body. */
  readonly requestMs: number;
  /** How often the two times above are looked at. */
  readonly checkMs: number;
}

const defaultLimits: ConnectionLimits = {
  connections: 256,
  headersMs: 15_000,
  // The largest body, 64 MiB, at 0.5 MiB a second.
  requestMs: 130_000,
  checkMs: 5000,
};
/** Longer than the minute that load balancers keep connections, so that it is they who end them. */
const keepAliveMs = 65_000;
const silentSocketMs = 180_000;

/** Rejects with the system's error (`EADDRINUSE`, `EACCES`, `ERR_OSSL_…`) when the address or the certificate cannot be used. */
export async function listen(app: RequestListener, options: ListenOptions): Promise<Listening> {
  const { host, port, tls } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const server =
    tls === undefined
      ? createHttpServer(timesOf(limits), app)
      : createHttpsServer({ ...timesOf(limits), ...secure(tls) }, app);
  server.maxConnections = limits.connections;
  server.timeout = silentSocketMs;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: portOf(server.address()),
    close: (graceMs) =>
      new Promise((resolve) => {
        // A connection whose request is answered is at rest again, and nothing says so but asking.
        const sweep = setInterval(() => server.closeIdleConnections(), 50);
        const cut = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearInterval(sweep);
          clearTimeout(cut);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

const timesOf = ({ headersMs, requestMs, checkMs }: ConnectionLimits): ServerOptions => ({
  headersTimeout: headersMs,
  requestTimeout: requestMs,
  connectionsCheckingInterval: checkMs,
  keepAliveTimeout: keepAliveMs,
  maxHeaderSize: 16 * 1024,
});

function secure({ certificate, key, clientCa }: NonNullable<ListenOptions['tls']>) {
  const client = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true };
  return { cert: certificate, key, minVersion: 'TLSv1.2', ...client } as const;
}

const portOf = (address: AddressInfo | string | null): number =>
  address === null || typeof address === 'string' ? 0 : address.port;
