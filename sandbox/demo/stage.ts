import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEhr, type RunningEhr } from '../ehr/ehr.ts';
import { closeNow, listenAt } from '../listen.ts';
import { patientsOf } from '../persons.ts';
import { dayMs } from '../vendor/message.ts';
import { startVendor, type Vendor } from '../vendor/vendor.ts';
import { hashOf, startService } from './service.ts';
import { specialRows } from './special-rows.ts';

export const canonicalBase = 'https://fhir.example.org';
export const login = { name: 'demo', password: 'demo-password' } as const;
export const daysShown = 7;

export interface StageOptions {
  readonly seed: number;
  readonly messagesPerDay: number;
  readonly persons: number;
}

/** Vendor, EHR and service, all at work. */
export interface Stage {
  readonly vendor: Vendor;
  readonly ehr: RunningEhr;
  /** `http://127.0.0.1:PORT` of the service. */
  readonly serviceUrl: string;
  /** Ends all three and removes what they left. Gives the exit code of the service; null: it had to be killed. */
  close(): Promise<number | null>;
}

/** Sets everything up, in an order that lets what was started be ended again. */
export async function setUp({ seed, messagesPerDay, persons }: StageOptions): Promise<Stage> {
  const cleanUps: (() => Promise<unknown>)[] = [];
  const cleanUp = async (): Promise<void> => {
    for (const each of cleanUps.toReversed()) await each();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'dialog-health-fhir-demo-'));
    cleanUps.push(() => rm(folder, { recursive: true, force: true }));
    const access = { console: 'SANDBOX01', username: 'sandbox', password: 'sandbox' };
    const rows = specialRows(seed, Date.now());
    const vendor = await startVendor({ ...access, port: 8091, orFree: true, seed, messagesPerDay, persons, rows });
    cleanUps.push(() => vendor.close());
    const ehr = await startEhr({ port: 8092, orFree: true, resources: patientsOf(seed, persons) });
    cleanUps.push(() => ehr.close());
    const port = await freePort(8080);
    const configFile = join(folder, 'config.yaml');
    const config = {
      sources: [
        {
          name: 'sandbox',
          kind: 'dialog-health',
          url: vendor.url,
          ...access,
          startAt: new Date(Date.now() - daysShown * dayMs).toISOString(),
          schedule: scheduleFrom(new Date()),
        },
      ],
      destination: { kind: 'fhir-server', url: ehr.url },
      mapping: { canonicalBase },
      ledger: { url: `sqlite:${join(folder, 'ledger.db')}` },
      http: { port, users: [{ name: login.name, passwordHash: await hashOf(login.password), role: 'operator' }] },
    };
    // JSON is YAML.
    await writeFile(configFile, JSON.stringify(config, undefined, 2));
    const service = startService(configFile);
    const serviceUrl = `http://127.0.0.1:${port}`;
    let exitCode: number | null = null;
    cleanUps.push(async () => {
      exitCode = await service.stop();
    });
    await service.ready(serviceUrl);
    return {
      vendor,
      ehr,
      serviceUrl,
      async close() {
        await cleanUp();
        return exitCode;
      },
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

/** Every five minutes, but not in the next two, which belong to the showing. */
const scheduleFrom = (now: Date): string => `${(now.getUTCMinutes() + 3) % 5}-59/5 * * * *`;

/** The wished one, or another where it is taken. */
async function freePort(wished: number): Promise<number> {
  const server = createServer();
  const port = await listenAt(server, { host: '127.0.0.1', port: wished, orFree: true });
  await closeNow(server);
  return port;
}
