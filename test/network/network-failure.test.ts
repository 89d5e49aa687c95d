import { describe, expect, it } from 'vitest';
import { networkFailure } from '../../src/network/network-failure.ts';

const error = (fields: Readonly<Record<string, unknown>>, message = 'invented') =>
  Object.assign(new Error(message), fields);

describe('what a client library throws', () => {
  it.each([
    'ECONNREFUSED',
    'ECONNRESET',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'EADDRNOTAVAIL',
    'EACCES',
    'EMFILE',
  ])('is unreachable when no connection came about: connect %s', (code) => {
    expect(networkFailure(error({ code, syscall: 'connect' }))).toBe('unreachable');
  });

  it.each(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL'])('is unreachable when the name is not found: %s', (code) => {
    expect(networkFailure(error({ code, syscall: 'getaddrinfo' }))).toBe('unreachable');
  });

  it.each([
    { code: 'UND_ERR_CONNECT_TIMEOUT', name: 'ConnectTimeoutError' },
    { code: 'ERR_SOCKET_CONNECTION_TIMEOUT' },
  ])('is unreachable when connecting took too long: $code', (fields) => {
    expect(networkFailure(error(fields))).toBe('unreachable');
  });

  it('is unreachable when the proxy refuses the tunnel, though undici calls that an abort', () => {
    const refused = error(
      { name: 'AbortError', code: 'UND_ERR_ABORTED' },
      'Proxy response (403) !== 200 when HTTP Tunneling',
    );
    expect(networkFailure(refused)).toBe('unreachable');
  });

  it.each([
    ...[
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'CERT_HAS_EXPIRED',
    ],
    ...['ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_SSL_WRONG_VERSION_NUMBER', 'EPROTO', 'INVALID_PURPOSE', 'CRL_HAS_EXPIRED'],
    ...['UND_ERR_PRX_TLS', 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'],
  ])('is of TLS: %s', (code) => {
    expect(networkFailure(error({ code }))).toBe('tls');
  });

  it.each([
    { name: 'TimeoutError' },
    { name: 'AbortError' },
    { code: 'ETIMEDOUT', syscall: 'read' },
    { code: 'UND_ERR_HEADERS_TIMEOUT' },
    { code: 'UND_ERR_BODY_TIMEOUT' },
  ])('is a deadline: %o', (fields) => {
    expect(networkFailure(error(fields))).toBe('timeout');
  });

  it.each([
    { code: 'ECONNRESET', syscall: 'read' },
    { code: 'ECONNRESET' },
    { code: 'EPIPE', syscall: 'write' },
    // The route was lost while the connection stood: what was sent may have arrived.
    { code: 'EHOSTUNREACH', syscall: 'read' },
    { code: 'ENETUNREACH', syscall: 'write' },
    { code: 'UND_ERR_SOCKET' },
    { code: 'UND_ERR_HEADERS_OVERFLOW' },
    { code: 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' },
    { code: 'ERR_STREAM_PREMATURE_CLOSE' },
    { code: 'HPE_INVALID_CHUNK_SIZE' },
    { name: 'HTTPParserError' },
    { code: 'Z_BUF_ERROR' },
    { code: 'ERR__ERROR_FORMAT_RESERVED' },
  ])('is a broken connection: %o', (fields) => {
    expect(networkFailure(error(fields))).toBe('broken');
  });

  it('is looked for in its causes, as fetch wraps them', () => {
    const cause = error({ code: 'ECONNREFUSED', syscall: 'connect' });
    expect(networkFailure(new TypeError('fetch failed', { cause }))).toBe('unreachable');
    expect(networkFailure(new TypeError('terminated'))).toBe('broken');
  });

  it('is unreachable only when no address of a host could be reached', () => {
    const refused = error({ code: 'ECONNREFUSED', syscall: 'connect' });
    const late = error({ code: 'ETIMEDOUT', syscall: 'connect' });
    const reset = error({ code: 'ECONNRESET', syscall: 'read' });
    expect(networkFailure(Object.assign(new AggregateError([late, refused]), { code: 'ETIMEDOUT' }))).toBe(
      'unreachable',
    );
    expect(networkFailure(new AggregateError([reset]))).toBe('broken');
    expect(networkFailure(new AggregateError([]))).toBeUndefined();
  });

  it('is no failure of the network when it is a mistake of ours', () => {
    for (const mistake of [
      new TypeError('x is not a function'),
      error({ code: 'UND_ERR_INVALID_ARG' }),
      'text',
      null,
    ]) {
      expect(networkFailure(mistake)).toBeUndefined();
    }
    const endless = new Error('loop');
    endless.cause = endless;
    expect(networkFailure(endless)).toBeUndefined();
  });
});
