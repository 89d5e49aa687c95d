/**
 * How a connection failed, as far as it matters for what comes next:
 * - unreachable: surely nothing was sent;
 * - tls: the other side's certificate is not trusted, or ours is not, or there is no common protocol; nothing was taken;
 * - timeout: a deadline passed; the request may have arrived;
 * - broken: the connection ended before the answer was complete; the request may have arrived.
 */
export type NetworkFailure = 'unreachable' | 'tls' | 'timeout' | 'broken';

/** What the system calls that make a connection; whatever fails in them, nothing was sent. */
const connecting = new Set(['connect', 'getaddrinfo', 'bind', 'socket']);
const unreachable = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_SOCKET_CONNECTION_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/** Of Node, of OpenSSL's verification (X509_V_ERR_...) and of undici for a tunnel. */
const tls =
  /^(?:ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|CRL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|INVALID_|HOSTNAME_|PATH_LENGTH_|EPROTO$|UND_ERR_PRX_TLS$)/;
const timeouts = new Set(['ETIMEDOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ABORT_ERR']);
/** Said by our own calls: mistakes of ours. */
const ours = new Set(['UND_ERR', 'UND_ERR_INVALID_ARG', 'UND_ERR_INVALID_RETURN_VALUE', 'UND_ERR_NOT_SUPPORTED']);

/** Names what a client library threw, looking through its causes; undefined when it is no failure of the network. */
export function networkFailure(error: unknown): NetworkFailure | undefined {
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth += 1) {
    const failure = failureOf(each);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function failureOf(error: Error): NetworkFailure | undefined {
  if (error instanceof AggregateError) {
    // All addresses of a host were tried.
    const failures = error.errors.map(networkFailure);
    const all = failures.length > 0 && failures.every((each) => each === 'unreachable');
    return all ? 'unreachable' : failures.find(Boolean);
  }
  const code = textIn(error, 'code');
  const syscall = textIn(error, 'syscall');
  if (unreachable.has(code) || connecting.has(syscall)) return 'unreachable';
  // undici has no code for a proxy that refuses the tunnel; nothing reached the other side.
  if (error.message.startsWith('Proxy response (')) return 'unreachable';
  if (tls.test(code)) return 'tls';
  if (timeouts.has(code) || error.name === 'TimeoutError' || error.name === 'AbortError') return 'timeout';
  return isBroken(error, code, syscall) ? 'broken' : undefined;
}

function isBroken(error: Error, code: string, syscall: string): boolean {
  if (code.startsWith('UND_ERR')) return !ours.has(code);
  // What is no HTTP, what is no gzip, and what the system says of a connection that stood.
  if (/^(?:HPE_|Z_|ERR_BROTLI|ERR__ERROR_|ERR_STREAM_PREMATURE_CLOSE$|ECONN|EPIPE$)/.test(code)) return true;
  const isNoHttp = error.name === 'HTTPParserError';
  return isNoHttp || syscall === 'read' || syscall === 'write' || error.message === 'terminated';
}

function textIn(error: Error, name: 'code' | 'syscall'): string {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : '';
}
