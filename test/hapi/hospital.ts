import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Communication } from 'fhir/r4.js';
import { expect, inject } from 'vitest';
import { startVendor } from '../../sandbox/vendor/vendor.ts';
import type { RunReport } from '../../src/exchange/reports.ts';
import { runProgram, startProgram, type Ended, type Running } from '../support/program.ts';
import { personsOf, sampleRows, type SampleRow } from '../support/sample-rows.ts';
import { chartAt, identifierOf, versionOf, type Chart } from './chart.ts';

const username = 'sample-user';
const password = 'sample:password';
const dayMs = 86_400_000;

/** The vendor with a few rows, a ledger and a configuration of its own, and a HAPI server. */
export interface Hospital {
  readonly chart: Chart;
  /** The vendor ids that its rows have, in order. */
  readonly ids: readonly string[];
  /** Starts the real program with the configuration. */
  readonly start: (args: readonly string[]) => Running;
  /** The same, until it ends; by another entry where one is named. */
  readonly program: (args: readonly string[], entry?: readonly string[]) => Promise<Ended>;
  /** What HAPI holds for this hospital alone: nobody else has its identifier system. */
  readonly messages: () => Promise<readonly Communication[]>;
  readonly loseLedger: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface HospitalOptions {
  readonly rows?: readonly SampleRow[];
  /** Persons the EHR does not know yet. */
  readonly unknown?: readonly string[];
  readonly write?: string;
  /** Of `destination.bundle`. */
  readonly type?: string;
  readonly maxEntries?: number;
  /** HAPI's own address; that of the server all tests share where it is not given. */
  readonly hapi?: string;
  /** Where the service finds HAPI; HAPI's own address otherwise. */
  readonly fhirUrl?: string;
  readonly dialect?: string;
  /** Settings of `patient`. */
  readonly patient?: Readonly<Record<string, string>>;
}

export async function openHospital(options: HospitalOptions = {}): Promise<Hospital> {
  const { rows = sampleRows(Date.now()), unknown = [], write = 'auto', type = 'auto', maxEntries = 100 } = options;
  const { hapi = inject('hapi'), fhirUrl = hapi, dialect = 'auto', patient = {} } = options;
  const chart = chartAt(hapi);
  for (const id of personsOf(rows)) if (usable(id) && !unknown.includes(id)) await chart.addPatient(id);
  const folder = await mkdtemp(join(tmpdir(), 'dialog-health-fhir-hapi-'));
  const vendor = await startVendor({ console: 'SAMPLE01', username, password, rows });
  const canonicalBase = `https://fhir.example.org/${randomUUID()}`;
  const configFile = join(folder, 'config.yaml');
  const config = {
    sources: [
      {
        name: 'main-clinic',
        kind: 'dialog-health',
        url: vendor.url,
        console: 'SAMPLE01',
        username,
        password,
        startAt: new Date(Date.now() - dayMs).toISOString(),
      },
    ],
    destination: { kind: 'fhir-server', url: fhirUrl, dialect, write, bundle: { type, maxEntries } },
    patient,
    mapping: { canonicalBase },
    ledger: { url: `sqlite:${folder}/ledger/ledger.db` },
  };
  await writeFile(configFile, JSON.stringify(config, undefined, 2));
  return {
    chart,
    ids: rows.map(({ outgoingMessageId }) => outgoingMessageId ?? ''),
    start: (args) => startProgram([...args, '--config', configFile]),
    program: (args, entry = ['src/main.ts']) => runProgram([...args, '--config', configFile], { entry }),
    messages: () => chart.messages(`${canonicalBase}/sid/sms-outgoing-message-id`),
    loseLedger: () => rm(join(folder, 'ledger'), { recursive: true }),
    close: async () => {
      await vendor.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const usable = (id: string): boolean => /^[\w.-]{1,64}$/.test(id);

export const reportOf = ({ stdout }: Ended): RunReport => JSON.parse(stdout);

/** Each message is at HAPI once, as it was first written. */
export async function expectEachOnce({ messages, ids }: Hospital): Promise<void> {
  const held = await messages();
  expect(held.map(identifierOf)).toEqual(ids.toSorted());
  expect(held.map(versionOf)).toEqual(ids.map(() => '1'));
}
