import { buildConnector } from 'undici';
import { secureOptions, type TlsFiles } from './dispatcher.ts';

/**
 * Opens a connection to where a web address leads, TLS included, and ends it without a request. Throws what the network
 * throws (see `networkFailure`), and when the signal says so.
 */
export async function tryConnection(
  url: string,
  options: { readonly tls?: TlsFiles; readonly connectTimeoutMs?: number },
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const { protocol, hostname, port, host } = new URL(url);
  const { tls = {}, connectTimeoutMs = 10_000 } = options;
  const connect = buildConnector({ timeout: connectTimeoutMs, ...secureOptions(tls) });
  const opened = new Promise<void>((resolve, reject) => {
    // An IPv6 address stands in brackets in a URL only.
    connect({ protocol, hostname: hostname.replace(/^\[|\]$/g, ''), host, port }, (error, socket) => {
      socket?.destroy();
      if (error === null) resolve();
      else reject(error);
    });
  });
  const stopped = Promise.withResolvers<never>();
  const stop = (): void => stopped.reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    await Promise.race([opened, stopped.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
    opened.catch(() => {});
  }
}
