import { startEhr } from '../../sandbox/ehr/ehr.ts';
import { startVendor } from '../../sandbox/vendor/vendor.ts';
import { personsOf, sampleRows } from './sample-rows.ts';

/** Both sides of a service that is configured by variables: a vendor with the sample's rows, an EHR with its Patients. */
export interface Sandbox {
  readonly environment: Readonly<Record<string, string>>;
  /** The vendor's, which is for a secret file. */
  readonly password: string;
  /** How many Communications the EHR holds. */
  readonly communications: () => number;
  /** How many times the EHR has written something. */
  readonly writes: () => number;
  readonly close: () => Promise<void>;
}

const console = 'SAMPLE01';
const username = 'sample-user';
const password = 'sample:password';
const dayMs = 86_400_000;

export async function openSandbox(): Promise<Sandbox> {
  const now = Date.now();
  const rows = sampleRows(now);
  const vendor = await startVendor({ console, username, password, rows });
  const patients = personsOf(rows).map((id) => ({ resourceType: 'Patient' as const, id }));
  const ehr = await startEhr({ resources: patients });
  return {
    environment: {
      DIALOG_HEALTH_URL: vendor.url,
      DIALOG_HEALTH_CONSOLE: console,
      DIALOG_HEALTH_USERNAME: username,
      START_AT: new Date(now - dayMs).toISOString(),
      FHIR_URL: ehr.url,
      CANONICAL_BASE: 'https://fhir.example.org',
    },
    password,
    communications: () => ehr.store.count('Communication'),
    writes: () => ehr.store.written.created + ehr.store.written.updated,
    close: async () => {
      await vendor.close();
      await ehr.close();
    },
  };
}
