import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, getCACertificates } from 'node:tls';
import { Agent, EnvHttpProxyAgent, Pool, type Dispatcher } from 'undici';

export type { Dispatcher };

export interface TlsFiles {
  /** PEM file of a private CA; trusted beside the public ones. Empty: none. */
  readonly ca?: string;
  /** PEM files of a client certificate and its key (mutual TLS). Empty: none. */
  readonly certificate?: string;
  readonly key?: string;
}

export interface NetworkOptions {
  /** Proxy for every request: a tunnel (CONNECT) for https, the whole address in the request for http. Empty: none. */
  readonly proxy?: string;
  /** Hosts that are reached without the proxy, as in NO_PROXY. */
  readonly noProxy?: string;
  readonly tls?: TlsFiles;
  readonly connectTimeoutMs?: number;
}

/**
 * The way to one outside system, for undici's `request` and for Node's own `fetch` (which takes dispatchers of undici
 * 7). TLS 1.2 at least, certificates always verified. Throws when a file cannot be read or is none; files are read once.
 */
export function makeDispatcher(options: NetworkOptions = {}): Dispatcher {
  const { proxy = '', noProxy = '', tls = {}, connectTimeoutMs = 10_000 } = options;
  const secure = secureOptions(tls);
  // Found out at start, not at the first connection.
  createSecureContext(secure);
  const connect = { timeout: connectTimeoutMs, ...secure };
  // Deadlines are set for each request and cover its body; undici's own idle timers would cut long answers off.
  const common = { connect, headersTimeout: 0, bodyTimeout: 0 };
  if (proxy === '') return new Agent(common);
  // `proxyTls` is the connection to the proxy, `requestTls` the one through its tunnel.
  const through = { httpProxy: proxy, httpsProxy: proxy, noProxy, proxyTls: connect, requestTls: secure };
  // A proxy that never says whether the tunnel stands is given up like any connection.
  const toProxy = {
    clientFactory: (origin: URL, own: object) => new Pool(origin, { ...own, headersTimeout: connectTimeoutMs }),
  };
  return new EnvHttpProxyAgent({ ...common, ...through, ...toProxy, proxyTunnel: false });
}

export function secureOptions({ ca = '', certificate = '', key = '' }: TlsFiles) {
  if ((certificate === '') !== (key === '')) throw new Error('A client certificate and its key belong together.');
  return {
    minVersion: 'TLSv1.2' as const,
    // Naming a CA replaces Node's defaults: what the machine trusts stays trusted.
    ...(ca === '' ? {} : { ca: [...getCACertificates('default'), certificatesIn(ca)] }),
    ...(certificate === '' ? {} : { cert: readFileSync(certificate, 'utf8') }),
    ...(key === '' ? {} : { key: readFileSync(key, 'utf8') }),
  };
}

/** OpenSSL takes anything for a list of CAs, and then trusts none of it. */
function certificatesIn(file: string): string {
  const pem = readFileSync(file, 'utf8');
  void new X509Certificate(pem);
  return pem;
}
