import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { RunReport } from '../src/exchange/reports.ts';
import type { Figure } from './bench.ts';
import { startChild } from './child.ts';

const rows = 20_000;
/** Every fourth row has a reply. */
const messages = 25_000;
const dayMs = 86_400_000;
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/**
 * The real program, from the vendor's answer to settled rows: streamed, recorded, mapped, checked, sent in transactions
 * to the sandbox EHR, which shares the machine, and settled, with the ledger waiting for the disk.
 */
export async function benchWholeWay(folder: string): Promise<readonly Figure[]> {
  const vendor = await startChild([here('vendor-stand-in.ts'), String(rows)]);
  const ehr = await startChild([here('ehr-stand-in.ts')]);
  const configFile = join(folder, 'whole-way.yaml');
  const url = `http://127.0.0.1:${vendor.line}/dialoghealth-writeback-api`;
  const login = { console: 'BENCH', username: 'bench', password: 'bench' };
  const startAt = new Date(Date.now() - dayMs).toISOString();
  const config = {
    sources: [{ name: 'bench', kind: 'dialog-health', url, ...login, startAt }],
    destination: { url: ehr.line },
    ledger: { url: `sqlite:${join(folder, 'whole-way.db')}` },
    log: { level: 'warn' },
  };
  writeFileSync(configFile, JSON.stringify(config));
  const run = async (what: string, count: number): Promise<Figure> => {
    const args = [here('../src/main.ts'), 'run', '--json', '--config', configFile];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const report = JSON.parse(stdout) as RunReport;
    if (report.delivery.pending + report.delivery.rejected > 0) throw new Error('not every message was delivered');
    const seconds = (Date.parse(report.finishedAt ?? '') - Date.parse(report.startedAt)) / 1000;
    return { what, count, unit: 'messages', seconds };
  };
  try {
    return [
      await run('the whole way: vendor, ledger, mapping, EHR', messages),
      await run('the whole way again, all of it unchanged', messages),
    ];
  } finally {
    vendor.stop();
    ehr.stop();
  }
}
