import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * An EHR that is not the bottleneck, in a process of its own: it takes every transaction and says of each entry that it
 * was created, without looking at any. Prints the base of its FHIR API.
 */
const statement = JSON.stringify({
  resourceType: 'CapabilityStatement',
  status: 'active',
  kind: 'instance',
  date: '2026-03-10',
  fhirVersion: '4.0.1',
  format: ['json'],
  rest: [
    {
      mode: 'server',
      interaction: [{ code: 'transaction' }, { code: 'batch' }],
      resource: [
        {
          type: 'Communication',
          interaction: ['read', 'create', 'update', 'search-type'].map((code) => ({ code })),
          updateCreate: true,
          searchParam: [{ name: 'identifier', type: 'token' }],
        },
      ],
    },
  ],
});
const missing = JSON.stringify({
  resourceType: 'OperationOutcome',
  issue: [{ severity: 'error', code: 'not-found' }],
});
const created = '{"response":{"status":"201 Created","etag":"W/\\"1\\""}}';
/** Of a request of an entry; nothing else in a Bundle of Communications is written so. */
const entry = Buffer.from('"request":{');

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const [status, body] = answer(request.method ?? '', request.url ?? '', Buffer.concat(parts));
    response.writeHead(status, { 'content-type': 'application/fhir+json' }).end(body);
  });
});

function answer(method: string, path: string, body: Buffer): [number, string] {
  if (method === 'GET') return path.endsWith('/metadata') ? [200, statement] : [404, missing];
  const entries = Array<string>(entriesIn(body)).fill(created);
  return [200, `{"resourceType":"Bundle","type":"transaction-response","entry":[${entries.join(',')}]}`];
}

function entriesIn(bundle: Buffer): number {
  let entries = 0;
  for (let at = bundle.indexOf(entry); at !== -1; at = bundle.indexOf(entry, at + entry.length)) entries += 1;
  return entries;
}

server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir`));
process.on('SIGTERM', () => process.exit(0));
