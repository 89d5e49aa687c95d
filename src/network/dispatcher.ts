import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { Agent, EnvHttpProxyAgent, type Dispatcher } from 'undici';

export type { Dispatcher };

export interface TlsFiles {
  /** PEM file of a private CA; trusted beside the public ones. Empty: none. */
  readonly ca?: string;
  /** PEM files of a client certificate and its key (mutual TLS). Empty: none. */
  readonly certificate?: string;
  readonly key?: string;
}

export interface NetworkOptions {
  /** Proxy for every request. Empty: none. */
  readonly proxy?: string;
  /** Hosts that are reached without the proxy, as in NO_PROXY. */
  readonly noProxy?: string;
  readonly tls?: TlsFiles;
  readonly connectTimeoutMs?: number;
}

/**
 * The way to one outside system, for undici's `request` and for Node's own `fetch` (which takes dispatchers of undici
 * 7). TLS 1.2 at least, certificates always verified. Throws when a file cannot be read; files are read once.
 */
export function makeDispatcher(options: NetworkOptions = {}): Dispatcher {
  const { proxy = '', noProxy = '', tls = {}, connectTimeoutMs = 10_000 } = options;
  const connect = { timeout: connectTimeoutMs, ...secureContext(tls) };
  // Deadlines are set for each request and cover its body; undici's own idle timers would cut long answers off.
  const common = { connect, headersTimeout: 0, bodyTimeout: 0 };
  if (proxy === '') return new Agent(common);
  const { timeout: _, ...requestTls } = connect;
  return new EnvHttpProxyAgent({ ...common, httpProxy: proxy, httpsProxy: proxy, noProxy, requestTls });
}

function secureContext({ ca = '', certificate = '', key = '' }: TlsFiles) {
  return {
    minVersion: 'TLSv1.2' as const,
    ...(ca === '' ? {} : { ca: [...rootCertificates, ...extraCertificates(), readFileSync(ca, 'utf8')] }),
    ...(certificate === '' ? {} : { cert: readFileSync(certificate, 'utf8') }),
    ...(key === '' ? {} : { key: readFileSync(key, 'utf8') }),
  };
}

/** Naming a CA replaces Node's defaults, NODE_EXTRA_CA_CERTS included: what the machine trusts stays trusted. */
function extraCertificates(): readonly string[] {
  const file = process.env['NODE_EXTRA_CA_CERTS'] ?? '';
  return file === '' ? [] : [readFileSync(file, 'utf8')];
}
