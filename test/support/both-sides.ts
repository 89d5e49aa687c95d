import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Communication, Patient } from 'fhir/r4.js';
import { startEhr, type EhrOptions, type RunningEhr } from '../../sandbox/ehr/ehr.ts';
import type { EhrRequest } from '../../sandbox/ehr/fhir-http.ts';
import type { ProfileName } from '../../sandbox/ehr/profiles/registry.ts';
import { startVendor } from '../../sandbox/vendor/vendor.ts';
import type { VendorFault } from '../../sandbox/vendor/vendor-fault.ts';
import { hashPassword } from '../../src/http/password-hash.ts';
import { personsOf, sampleRows, type SampleRow } from './sample-rows.ts';

/** A vendor, an EHR, and the configuration of a service between them. */
export interface BothSides {
  readonly configFile: string;
  /** The vendor's rows as an answer. */
  readonly rowsFile: string;
  readonly ledgerFolder: string;
  readonly httpPort: number;
  /** In the order in which they came. */
  communications(): readonly Communication[];
  /** How often the EHR has written anything. */
  writes(): number;
  /** Every request to the EHR since it started. */
  asked(): readonly EhrRequest[];
  /** From now on the vendor shows this row too, or in the place of the one with its id. */
  addRow(row: SampleRow): void;
  /** From now on the vendor shows these fields of the row so. */
  changeRow(index: number, fields: SampleRow): void;
  /** From now on the vendor shows no row with the id. */
  removeRow(id: string): void;
  vendorAnswersNextWith(fault: VendorFault, delayMs?: number): void;
  /** Until the end of the test: answers of more rows than these are too large. */
  vendorGivesAtMost(rows: number): void;
  addPatient(id: string): void;
  removePatient(id: string): void;
  removeCommunication(id: string): void;
  /** As somebody else would write it, under its id. */
  putCommunication(resource: Communication): void;
  stopEhr(): Promise<void>;
  /** On the same address, with its Patients and nothing else; `offers` is what its CapabilityStatement says. */
  startEhr(offers?: EhrOptions['offers']): Promise<void>;
  close(): Promise<void>;
}

export interface BothSidesOptions {
  readonly rows?: readonly Readonly<Record<string, unknown>>[];
  /** Whom the EHR knows; the persons of the rows where it is not said. */
  readonly patients?: readonly string[];
  readonly maxEntries?: number;
  /** Settings of another destination than the EHR. */
  readonly destination?: Readonly<Record<string, string>>;
  /** The kind of server that the EHR is. */
  readonly behaveLike?: ProfileName;
  /** More settings of the destination. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

const vendorLogin = { console: 'SAMPLE01', username: 'sample-user', password: 'sample:pässword' };
const dayMs = 86_400_000;

/** Of the only user, an operator. */
export const login = `Basic ${Buffer.from('ops:invented password').toString('base64')}`;

export async function bothSides(options: BothSidesOptions = {}): Promise<BothSides> {
  const rows = options.rows ?? sampleRows(Date.now());
  const known = options.patients ?? personsOf(rows.map(asSample));
  const patients = known.map((id): Patient => ({ resourceType: 'Patient', id }));
  const folder = mkdtempSync(join(tmpdir(), 'dialog-health-fhir-'));
  const vendor = await startVendor({ ...vendorLogin, rows });
  const kind = options.behaveLike === undefined ? {} : { behaveLike: options.behaveLike };
  let ehr: RunningEhr = await startEhr({ resources: patients, ...kind });
  const ehrPort = Number(new URL(ehr.origin).port);
  const httpPort = await freePort();
  const configFile = join(folder, 'config.yaml');
  const rowsFile = join(folder, 'answer.json');
  const ledgerFolder = join(folder, 'ledger');
  mkdirSync(ledgerFolder);
  writeFileSync(rowsFile, JSON.stringify({ requestId: 'sample', response: rows }));
  const config = {
    sources: [
      {
        name: 'main-clinic',
        kind: 'dialog-health',
        url: vendor.url,
        ...vendorLogin,
        startAt: new Date(Date.now() - 3 * dayMs).toISOString(),
        // Runs are asked for by the tests.
        schedule: '0 0 1 1 *',
      },
    ],
    destination: {
      ...(options.destination ?? { kind: 'fhir-server', url: ehr.url }),
      bundle: { maxEntries: options.maxEntries ?? 100 },
      dialect: '${DIALECT:-auto}',
      ...options.settings,
    },
    mapping: {
      folder: '${MAPPING_FOLDER:-dialog-health}',
      canonicalBase: '${CANONICAL_BASE:-https://fhir.example-health.org}',
      keySecret: '${MAPPING_KEY_SECRET:-}',
    },
    ledger: { url: `\${LEDGER_URL:-sqlite:${ledgerFolder}/ledger.db}`, encryptionKey: '${LEDGER_KEY:-}' },
    http: {
      port: httpPort,
      users: [{ name: 'ops', passwordHash: await hashPassword('invented password'), role: 'operator' }],
    },
  };
  writeFileSync(configFile, JSON.stringify(config, undefined, 2));
  return {
    configFile,
    rowsFile,
    ledgerFolder,
    httpPort,
    communications: () => ehr.store.all('Communication').map(asCommunication),
    writes: () => ehr.store.written.created + ehr.store.written.updated,
    asked: () => ehr.requests,
    addRow: (row) => vendor.messages.put(row),
    changeRow: (index, fields) => vendor.messages.change(nameOf(rows[index], index), fields),
    removeRow: (id) => vendor.messages.remove(id),
    vendorAnswersNextWith: (fault, delayMs) =>
      vendor.faults.add(delayMs === undefined ? { fault } : { fault, delayMs }),
    vendorGivesAtMost: (overRows) => vendor.faults.add({ fault: 'too-large', overRows, times: 1_000_000 }),
    addPatient: (id) => void ehr.store.write('Patient', id, { resourceType: 'Patient', id }),
    removePatient: (id) => void ehr.store.remove('Patient', id),
    removeCommunication: (id) => void ehr.store.remove('Communication', id),
    putCommunication: (resource) => void ehr.store.write('Communication', resource.id ?? '', { ...resource }),
    stopEhr: () => ehr.close(),
    async startEhr(offers) {
      await ehr.close().catch(() => {});
      ehr = await startEhr({ port: ehrPort, resources: patients, ...(offers === undefined ? {} : { offers }) });
    },
    async close() {
      await vendor.close();
      await ehr.close().catch(() => {});
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** By which the vendor knows a row it began with: one without an id by its place. */
function nameOf(row: Readonly<Record<string, unknown>> | undefined, index: number): string {
  const id = row?.['outgoingMessageId'];
  return typeof id === 'string' ? id : `row ${index}`;
}

/** What the EHR stores it has checked to be one. */
function asCommunication(resource: Readonly<Record<string, unknown>>): Communication {
  return JSON.parse(JSON.stringify(resource)) as Communication;
}

function asSample(row: Readonly<Record<string, unknown>>): SampleRow {
  const { personId } = row;
  return { personId: typeof personId === 'string' ? personId : null };
}

/** One that nobody listens on at this moment. */
async function freePort(): Promise<number> {
  const ehr = await startEhr();
  const port = Number(new URL(ehr.origin).port);
  await ehr.close();
  return port;
}
