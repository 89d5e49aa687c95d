import type { Communication, Patient } from 'fhir/r4.js';
import { onTestFinished } from 'vitest';
import { startEhr, type EhrOptions, type RunningEhr } from '../../../../sandbox/ehr/ehr.ts';
import type { FhirServerOptions } from '../../../../src/destinations/fhir-server/fhir-server.ts';
import type { Delivery, DeliveryOutcome, PatientPolicy } from '../../../../src/exchange/delivery.ts';
import { keySpace } from '../../../../src/exchange/record-key.ts';
import { dayMs } from '../../../../src/exchange/window.ts';
import { fhirServerAt } from '../../served.ts';

export const system = 'urn:oid:2.16.840.1.113883.3.42';
const base = 'https://fhir.example-health.org';
const keys = keySpace(base);

/** An invented Patient with that identifier. */
export function person(id: string, value: string, more: Partial<Patient> = {}): Patient {
  return { resourceType: 'Patient', id, active: true, identifier: [{ system, value }], ...more };
}

/** What was merged into another one. */
export const mergedInto = (id: string, value: string, survivor: string): Patient =>
  person(id, value, { active: false, link: [{ type: 'replaced-by', other: { reference: `Patient/${survivor}` } }] });

export interface PatientPlace {
  readonly ehr: RunningEhr;
  readonly pass: (ms: number) => void;
  readonly send: (deliveries: readonly Delivery[]) => Promise<readonly string[]>;
  /** Each Communication that is there, by the value of its identifier. */
  readonly written: () => ReadonlyMap<string, Communication>;
  /** What was asked for Patients: searches and reads, by their path. */
  readonly asked: () => readonly string[];
}

export async function openPatients(
  patients: readonly Patient[],
  ehrOptions: EhrOptions = {},
  options: Partial<FhirServerOptions> = {},
): Promise<PatientPlace> {
  const ehr = await startEhr({ resources: patients, ...ehrOptions });
  let now = Date.UTC(2026, 2, 5, 14);
  const destination = fhirServerAt(ehr.url, { now: () => now, ...options });
  onTestFinished(async () => {
    await destination.close();
    await ehr.close();
  });
  return {
    ehr,
    pass: (ms) => void (now += ms),
    async send(deliveries) {
      const outcomes = await destination.send(deliveries, new AbortController().signal);
      const byKey = new Map(outcomes.map((outcome) => [outcome.key, outcome]));
      if (outcomes.length !== deliveries.length) throw new Error(`${outcomes.length} outcomes`);
      return deliveries.map(({ key }) => word(byKey.get(key)));
    },
    written: () => new Map(communicationsIn(ehr).map((each) => [each.identifier?.[0]?.value ?? '', each])),
    asked: () =>
      ehr.requests.map(({ path }) => path.replace(/^\/fhir\//, '')).filter((path) => /^Patient[/?]/.test(path)),
  };
}

const communicationsIn = ({ store }: RunningEhr): readonly Communication[] =>
  store.all('Communication').map((resource): Communication => JSON.parse(JSON.stringify(resource)));

const word = (outcome: DeliveryOutcome | undefined): string =>
  outcome === undefined ? 'nothing' : outcome.kind === 'accepted' ? outcome.change : outcome.problem.code;

export const policyOf = (reference: PatientPolicy['reference'], more: Partial<PatientPolicy> = {}): PatientPolicy => ({
  reference,
  missing: 'wait',
  verify: 'none',
  maxWaitMs: 30 * dayMs,
  ...more,
});

/** The message `id` to the person with that value, as the mapping makes it. */
export function messageTo(id: string, value: string, patient: PatientPolicy, more: Partial<Delivery> = {}): Delivery {
  const key = keys.outgoing(id);
  const party = {
    ...(patient.reference === 'literal' ? { reference: `Patient/${value}` } : {}),
    type: 'Patient',
    identifier: { system, value },
    display: 'Ada Example',
  };
  return {
    key,
    unsure: false,
    patient,
    resource: {
      resourceType: 'Communication',
      id: key,
      extension: [
        {
          url: `${base}/StructureDefinition/sms-recipient-address`,
          valueContactPoint: { system: 'sms', value: '+12125550123' },
        },
      ],
      identifier: [{ system: `${base}/sid/sms-outgoing-message-id`, value: id }],
      status: 'completed',
      subject: party,
      recipient: [party],
      payload: [{ contentString: 'A sample message' }],
    },
    ...more,
  };
}
