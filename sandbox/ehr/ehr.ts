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
import type { Ehr } from './interaction.ts';
import { plain } from './profiles/plain.ts';
import type { Offers } from './profiles/profile.ts';
import { profiles, type ProfileName } from './profiles/registry.ts';
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
  /** The kind of server whose offers, limits, words and habits it has; R4 as it is written when not said. */
  readonly behaveLike?: ProfileName;
  /** What the CapabilityStatement says and the EHR does; as servers of its kind when not said. */
  readonly offers?: Partial<Offers>;
  /** Whether a Communication's Patient has to be there (400); true, or as servers of its kind, when not said. */
  readonly referentialIntegrity?: boolean;
  /** none: anything is stored. structure: R4's elements, types and codes. full: the same and Medplum's validator. */
  readonly validate?: 'none' | 'structure' | 'full';
  /** 413 to what is larger; 64 MiB, or as servers of its kind, when not said. */
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

/** Starts a FHIR R4 server for Communication and Patient that keeps everything in memory. */
export async function startEhr(options: EhrOptions = {}): Promise<RunningEhr> {
  const { host = '127.0.0.1', port = 0, orFree = false, auth = { kind: 'none' } } = options;
  const profile = options.behaveLike === undefined ? plain : profiles[options.behaveLike];
  const { resources = [], now = Date.now, newId = randomUUID } = options;
  const { referentialIntegrity = profile.habits.referentialIntegrity } = options;
  const { maxBodyBytes = profile.limits.bodyBytes ?? 64 * 1024 * 1024 } = options;
  const store = openStore(now);
  for (const resource of resources) store.write(resource.resourceType, resource.id ?? newId(), { ...resource });
  const check = await checkOf(options.validate ?? 'structure');
  const faults = faultQueue(ehrFaults);
  const requests: EhrRequest[] = [];
  const server = createServer((request, response) => {
    const [path = '/'] = (request.url ?? '/').split('?');
    if (path === '/sandbox/faults') void controlFaults(faults, request, response);
    else if (path === '/') sendText(response, 200, landing(origin, options.behaveLike));
    else void answerFhir({ ehr, auth, faults, requests, now, maxBodyBytes }, request, response);
  });
  const origin = originOf(host, await listenAt(server, { host, port, orFree }));
  const offers = { ...profile.offers, ...options.offers };
  const base = `${origin}/fhir`;
  const ehr: Ehr = { store, base, profile, offers, newId, check, referentialIntegrity, now, searched: new Map() };
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

const landing = (origin: string, kind?: ProfileName): readonly string[] => [
  'An EHR to try things with: FHIR R4, Communication and Patient, in memory.',
  ...(kind === undefined ? [] : [`It behaves like ${kind}.`]),
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
