import type { RequestListener } from 'node:http';

/** How long others may keep what they were told: as long as a key must be published before it signs. */
const maxAgeS = 300;

/** Answers any GET with the public keys of now, to anybody; nothing else is there. */
export function jwksListener(keys: () => object): RequestListener {
  return (request, response) => {
    request.resume();
    const path = (request.url ?? '').split('?')[0];
    if (!paths.includes(path ?? '')) return void response.writeHead(404).end();
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return void response.writeHead(405, { allow: 'GET, HEAD' }).end();
    }
    const body = `${JSON.stringify(keys())}\n`;
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'cache-control': `public, max-age=${maxAgeS}`,
      'x-content-type-options': 'nosniff',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}

const paths: readonly string[] = ['/', '/jwks.json', '/.well-known/jwks.json'];
