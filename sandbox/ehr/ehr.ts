import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { Communication, Patient } from 'fhir/r4.js';
import { controlFaults } from '../fault-control.ts';
import { faultQueue, type FaultQueue } from '../faults.ts';
import { sendText } from '../http.ts';
import { closeNow, listenAt, originOf } from '../listen.ts';
import type { EhrAuth } from './authorization.ts';
import { ehrFaults, type EhrFault } from './ehr-fault.ts';
import { answerFhir, type EhrRequest } from './fhir-http.ts';
import { loadFullCheck } from './full-check.ts';
import type { Ehr, Offers } from './interaction.ts';
import { openStore, type Store } from './store.ts';
import { structureIssues } from './structure-check.ts';

export interface EhrOptions {
  /** 127.0.0.1 */
  readonly host?: string;
  /** 0: any free one, which is the default. */
  readonly port?: number;
  /** Where the port is taken, any free one will do. */
  readonly orFree?: boolean;
  readonly auth?: EhrAuth;
  /** What is there from the start. */
  readonly resources?: readonly (Patient | Communication)[];
  /** What the CapabilityStatement says and the EHR does; all of it when not said. */
  readonly offers?: Partial<Offers>;
  /** Whether a Communication's Patient has to be there (400); true when not said. */
  readonly referentialIntegrity?: boolean;
  /** none: anything is stored. structure: R4's elements, types and codes. full: the same and Medplum's validator. */
  readonly validate?: 'none' | 'structure' | 'full';
  /** 413 to what is larger; 64 MiB when not said. */
  readonly maxBodyBytes?: number;
  readonly now?: () => number;
  readonly newId?: () => string;
}

export interface RunningEhr {
  /** What a client is configured with: `http://127.0.0.1:PORT/fhir`. */
  readonly url: string;
  /** `http://127.0.0.1:PORT`, below which `/sandbox/faults` is. */
  readonly origin: string;
  readonly store: Store;
  readonly faults: FaultQueue<EhrFault>;
  /** The latest ten thousand. */
  readonly requests: readonly EhrRequest[];
  close(): Promise<void>;
}

const everything: Offers = {
  updateCreate: true,
  conditionalCreate: true,
  conditionalUpdate: true,
  transaction: true,
  batch: true,
};

/** Starts a FHIR R4 server for Communication and Patient that keeps everything in memory. */
export async function startEhr(options: EhrOptions = {}): Promise<RunningEhr> {
  const { host = '127.0.0.1', port = 0, orFree = false, auth = { kind: 'none' } } = options;
  const { resources = [], referentialIntegrity = true, now = Date.now, newId = randomUUID } = options;
  const { maxBodyBytes = 64 * 1024 * 1024 } = options;
  const store = openStore(now);
  for (const resource of resources) store.write(resource.resourceType, resource.id ?? newId(), { ...resource });
  const check = await checkOf(options.validate ?? 'structure');
  const faults = faultQueue(ehrFaults);
  const requests: EhrRequest[] = [];
  const server = createServer((request, response) => {
    const [path = '/'] = (request.url ?? '/').split('?');
    if (path === '/sandbox/faults') void controlFaults(faults, request, response);
    else if (path === '/') sendText(response, 200, landing(origin));
    else void answerFhir({ ehr, auth, faults, requests, now, maxBodyBytes }, request, response);
  });
  const origin = originOf(host, await listenAt(server, { host, port, orFree }));
  const offers = { ...everything, ...options.offers };
  const ehr: Ehr = { store, base: `${origin}/fhir`, offers, newId, check, referentialIntegrity };
  return { url: ehr.base, origin, store, faults, requests, close: () => closeNow(server) };
}

async function checkOf(validate: NonNullable<EhrOptions['validate']>): Promise<Ehr['check']> {
  if (validate === 'none') return () => [];
  if (validate === 'structure') return structureIssues;
  const full = await loadFullCheck();
  return (resource) => {
    const issues = structureIssues(resource);
    return issues.length > 0 ? issues : full(resource);
  };
}

const landing = (origin: string): readonly string[] => [
  'An EHR to try things with: FHIR R4, Communication and Patient, in memory.',
  '',
  `GET  ${origin}/fhir/metadata`,
  `GET  ${origin}/fhir/Communication?_count=10`,
  `GET  ${origin}/fhir/Communication?_summary=count`,
  `GET  ${origin}/fhir/Communication/{id}`,
  `GET  ${origin}/fhir/Communication/{id}/_history`,
  `GET  ${origin}/fhir/Patient?_count=10`,
  `POST ${origin}/fhir  a batch or a transaction`,
  `POST ${origin}/sandbox/faults  {"fault": "drop-after-commit", "times": 2}`,
];
