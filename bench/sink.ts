import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startChild } from './child.ts';
import type { OneRun } from './one-run.ts';
import { sharesIn, type ProfiledPart } from './profile.ts';

const rows = 60_000;
/** Every fourth row has a reply. */
const messages = 75_000;
const dayMs = 86_400_000;
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

const named =
  (...names: readonly string[]) =>
  (functionName: string): boolean =>
    names.includes(functionName);

const parts: readonly ProfiledPart[] = [
  ['start of the program', named('runEntryPointWithESMLoader', 'asyncRunEntryPointWithESMLoader')],
  ['waiting for the other side', named('(idle)')],
  ['garbage', named('(garbage collector)')],
  ['ledger: waiting for the disk', named('commitTransaction')],
  ['ledger: record', named('recordBatch')],
  ['ledger: claim', named('claimDue')],
  ['ledger: settle', named('settleAll')],
  ["vendor's answer: parse", named('readAnswer', 'handOver', 'readMessageResult')],
  ['mapping and check', named('prepareDeliveries')],
  ['Communication to JSON', named('writeOf', 'bundleJson')],
  ['HTTP', (_, url) => /undici|fhir-kit-client|node:net|webstreams|internal\/streams/.test(url)],
];

/**
 * The real service between a vendor and an EHR that cost it nothing, each in a process of its own: from the vendor's
 * answer to the settled row, with a ledger that waits for the disk and the log as it is by default. Tells how many a
 * second, how much of one core that takes, and, from a second run with a profile, what it is spent on.
 */
export async function benchSink(folder: string): Promise<void> {
  const vendor = await startChild([here('vendor-stand-in.ts'), String(rows)]);
  const sink = await startChild([here('sink-stand-in.ts')]);
  const run = async (name: string, ...flags: readonly string[]): Promise<OneRun> => {
    const configFile = join(folder, `${name}.yaml`);
    const url = `http://127.0.0.1:${vendor.line}/dialoghealth-writeback-api`;
    const login = { console: 'BENCH', username: 'bench', password: 'bench' };
    const startAt = new Date(Date.now() - dayMs).toISOString();
    const config = {
      sources: [{ name: 'bench', kind: 'dialog-health', url, ...login, startAt }],
      destination: { url: sink.line },
      ledger: { url: `sqlite:${join(folder, `${name}.db`)}` },
    };
    writeFileSync(configFile, JSON.stringify(config));
    const args = [...flags, here('one-run.ts'), configFile];
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 30 });
    const took = JSON.parse(stdout) as OneRun;
    if (took.delivered !== messages) throw new Error(`${took.delivered} messages were delivered, not ${messages}`);
    return took;
  };
  try {
    tell(await run('sink'));
    const profiles = join(folder, 'profiles');
    mkdirSync(profiles);
    await run('profiled', '--cpu-prof', `--cpu-prof-dir=${profiles}`);
    console.log('Where the time of its thread goes:');
    for (const [part, share] of sharesIn(profiles, parts)) {
      console.log(`  ${(share * 100).toFixed(1).padStart(5)} %  ${part}`);
    }
  } finally {
    vendor.stop();
    sink.stop();
  }
}

function tell({ delivered, seconds, threadSeconds, cpuSeconds }: OneRun): void {
  const perSecond = (of: number): string => Math.round(delivered / of).toLocaleString('en');
  const micros = ((threadSeconds / delivered) * 1e6).toFixed(0);
  const busy = ((threadSeconds / seconds) * 100).toFixed(0);
  console.log(`${perSecond(seconds)} Communications/s into a sink, from the vendor's answer to the settled row`);
  console.log(
    `  ${micros} us of the core for each (${perSecond(threadSeconds)}/s), which was ours for ${busy} % of the time;`,
  );
  console.log(`  with the threads beside it ${perSecond(cpuSeconds)} for each second of all cores`);
}
