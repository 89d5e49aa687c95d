import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Patient } from 'fhir/r4.js';
import { startEhr, type RunningEhr } from '../../sandbox/ehr/ehr.ts';
import { sentFields, type Instant } from '../../sandbox/vendor/message.ts';
import { startVendor, type Vendor, type VendorOptions } from '../../sandbox/vendor/vendor.ts';
import { hashPassword } from '../../src/http/password-hash.ts';
import { sampleRows, type SampleRow } from './sample-rows.ts';

/** Consoles of the vendor, each with a server of its own, one EHR, and the configuration of a service between them. */
export interface Consoles {
  readonly configFile: string;
  readonly httpPort: number;
  vendor(name: string): Vendor;
  /** How many Communications the EHR holds. */
  communications(): number;
  /** The EHR comes back from an old backup: its Patient is there, and no Communication. */
  restoreEhr(): Promise<void>;
  close(): Promise<void>;
}

export interface ConsoleOptions {
  readonly name: string;
  readonly rows?: readonly SampleRow[];
  readonly vendor?: Partial<VendorOptions>;
  /** More settings of the source. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

const login = { username: 'sample-user', password: 'sample:password' };
const person = 'Tpbirch';
const [sample] = sampleRows(0);

/** A message to the one person that the EHR knows. */
export const rowSent = (id: string, at: Instant): SampleRow => ({
  ...sample,
  outgoingMessageId: id,
  personId: person,
  ...sentFields(at),
});

export async function openConsoles(...consoles: readonly ConsoleOptions[]): Promise<Consoles> {
  const folder = mkdtempSync(join(tmpdir(), 'consoles-'));
  const patient: Patient = { resourceType: 'Patient', id: person };
  let ehr: RunningEhr = await startEhr({ resources: [patient] });
  const ehrPort = Number(new URL(ehr.origin).port);
  const vendors = new Map<string, Vendor>();
  for (const { name, rows = [], vendor } of consoles) {
    vendors.set(name, await startVendor({ console: name, ...login, rows, ...vendor }));
  }
  const configFile = join(folder, 'config.yaml');
  const httpPort = await freePort();
  mkdirSync(join(folder, 'ledger'));
  const sources = consoles.map(({ name, settings }) => ({
    name,
    kind: 'dialog-health',
    url: vendors.get(name)?.url,
    console: name,
    ...login,
    // Runs are asked for by the tests.
    schedule: '0 0 1 1 *',
    startAt: new Date(Date.now() - 3 * 86_400_000).toISOString(),
    ...(consoles.length > 1 ? { patient: { reference: 'literal' } } : {}),
    ...settings,
  }));
  const config = {
    sources,
    destination: { kind: 'fhir-server', url: ehr.url },
    mapping: { canonicalBase: 'https://fhir.example-health.org' },
    ledger: { url: `sqlite:${folder}/ledger/ledger.db` },
    http: {
      port: httpPort,
      users: [{ name: 'ops', passwordHash: await hashPassword('invented password'), role: 'operator' }],
    },
  };
  writeFileSync(configFile, JSON.stringify(config, undefined, 2));
  return {
    configFile,
    httpPort,
    vendor(name) {
      const vendor = vendors.get(name);
      if (vendor === undefined) throw new Error(`there is no console ${name}`);
      return vendor;
    },
    communications: () => ehr.store.count('Communication'),
    async restoreEhr() {
      await ehr.close();
      ehr = await startEhr({ port: ehrPort, resources: [patient] });
    },
    async close() {
      for (const vendor of vendors.values()) await vendor.close();
      await ehr.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One that nobody listens on at this moment. */
async function freePort(): Promise<number> {
  const ehr = await startEhr();
  const port = Number(new URL(ehr.origin).port);
  await ehr.close();
  return port;
}
