import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { syntheticAnswer } from './synthetic-rows.ts';

/**
 * A vendor that is not the bottleneck, in a process of its own: whatever is asked, it answers with the same bytes, as
 * they are taken. `node bench/vendor-stand-in.ts <rows>` prints its port.
 */
const rows = Number(process.argv[2]);
const server = createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  Readable.from(syntheticAnswer(rows), { objectMode: false }).pipe(response);
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
process.on('SIGTERM', () => process.exit(0));
