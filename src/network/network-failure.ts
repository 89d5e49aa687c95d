/**
 * How a connection failed, as far as it matters for what comes next:
 * - unreachable: surely nothing was sent;
 * - tls: the other side's certificate is not trusted, or there is no common protocol; nothing was sent;
 * - timeout: a deadline passed; the request may have arrived;
 * - broken: the connection ended before the answer was complete; the request may have arrived.
 */
export type NetworkFailure = 'unreachable' | 'tls' | 'timeout' | 'broken';

const unreachable = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const timeouts = new Set(['ETIMEDOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ABORT_ERR']);
const broken = new Set([
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'ERR_STREAM_PREMATURE_CLOSE',
  'UND_ERR_ABORTED',
  'UND_ERR_DESTROYED',
  'UND_ERR_CLOSED',
  'HPE_INVALID_CONSTANT',
]);

/** Names what a client library threw, looking through its causes; undefined when it is no failure of the network. */
export function networkFailure(error: unknown): NetworkFailure | undefined {
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth += 1) {
    const failure = failureOf(each);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function failureOf(error: Error): NetworkFailure | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (error instanceof AggregateError) {
    // All addresses of a host were tried.
    const failures = error.errors.map(networkFailure);
    return failures.length > 0 && failures.every((each) => each === 'unreachable') ? 'unreachable' : failures.find(Boolean);
  }
  if (unreachable.has(code)) return 'unreachable';
  if (/^(?:ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO)/.test(code)) return 'tls';
  if (timeouts.has(code) || error.name === 'TimeoutError' || error.name === 'AbortError') return 'timeout';
  // A proxy that refuses the tunnel: nothing reached the other side.
  if (error.name === 'RequestAbortedError' && error.message.startsWith('Proxy response')) return 'unreachable';
  if (broken.has(code) || code.startsWith('HPE_') || code.startsWith('Z_')) return 'broken';
  return error.message === 'terminated' ? 'broken' : undefined;
}
