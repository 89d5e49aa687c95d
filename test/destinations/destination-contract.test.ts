import type { FhirServerOptions } from '../../src/destinations/fhir-server/fhir-server.ts';
import { destinationContract, type DestinationUnderTest } from './destination-contract.ts';
import { delivery } from './example-deliveries.ts';
import {
  answerWith,
  breakBefore,
  conditionalOnly,
  hapiLike,
  loseAnswer,
  outcome,
  statementOf,
  type EhrOptions,
  type Reaction,
} from './scripted-ehr.ts';
import { serve } from './served.ts';

const faults: Readonly<Record<string, Reaction>> = {
  'the answer is lost after the write': loseAnswer,
  'the connection breaks before the write': breakBefore,
  'a page of a proxy with 200': answerWith(200, '<html>sign in</html>'),
  'a page of a proxy with 502': answerWith(502, '<html>bad gateway</html>'),
  'a page with 400': answerWith(400, '<html>bad request</html>'),
  'a redirect': answerWith(302, '', { location: 'http://127.0.0.1:9/login' }),
  'accepted for later': answerWith(202, '', { 'content-location': '/fhir/job' }),
  'too many requests': answerWith(429, outcome('throttled'), { 'retry-after': '3' }),
  'a server error': answerWith(500, outcome('exception')),
  'login refused': answerWith(401, outcome('login')),
  'writing not allowed': answerWith(403, outcome('forbidden')),
  'an answer that is null': answerWith(200, 'null'),
  'an answer that is a list': answerWith(200, '[]'),
  'an empty answer': answerWith(204),
  'an empty Bundle': answerWith(200, { resourceType: 'Bundle', type: 'batch-response' }),
  'an OperationOutcome with 200': answerWith(200, outcome('informational')),
  'half an answer': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/fhir+json', 'content-length': '1000' });
    response.write('{"resourceType":"Bundle"', () => response.destroy());
  },
};

async function open(ehrOptions: EhrOptions, options: Partial<FhirServerOptions> = {}): Promise<DestinationUnderTest> {
  const { ehr, destination } = await serve(ehrOptions, options);
  return {
    destination,
    delivery,
    held: () =>
      Promise.resolve([...ehr.held.values()].map(({ resource, version }) => ({ resource, version: `${version}` }))),
    faults: Object.entries(faults).map(([name, reaction]) => ({ name, arm: () => void ehr.script.push(reaction) })),
    close: () => Promise.resolve(),
  };
}

destinationContract('an EHR like HAPI', () => open({ statement: hapiLike }));
destinationContract('an EHR that tells no location', () => open({ statement: hapiLike, locations: false }));
destinationContract('an EHR that chooses ids', () => open({ statement: conditionalOnly }));
destinationContract('an EHR that takes batches alone', () =>
  open({ statement: statementOf({ updateCreate: true }, { system: ['batch'] }) }),
);
destinationContract('an EHR that takes no Bundles', () =>
  open({ statement: statementOf({ updateCreate: true }, { system: [] }) }),
);
destinationContract('an EHR that chooses ids and takes no Bundles', () =>
  open({ statement: statementOf({ conditionalUpdate: true }, { system: [] }) }),
);
destinationContract('an EHR that only creates by condition', () =>
  open({ statement: statementOf({ conditionalCreate: true }) }),
);
destinationContract('an EHR that only creates by condition, in batches', () =>
  open({ statement: statementOf({ conditionalCreate: true }, { system: ['batch'] }) }),
);
destinationContract('an EHR that creates and searches', () => open({ statement: statementOf({}) }));
destinationContract('an EHR that creates and searches, in Bundles since the settings say so', () =>
  open({ statement: statementOf({}) }, { bundle: { type: 'transaction', maxEntries: 100, maxBytes: 1_000_000 } }),
);
destinationContract('an EHR that wants versions named', () =>
  open({ statement: statementOf({ updateCreate: true, versioning: 'versioned-update' }) }),
);
