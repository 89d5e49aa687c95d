import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Bundle } from 'fhir/r4.js';
import type { RunReport } from '../src/exchange/reports.ts';
import { startHapiOnPostgres } from '../test/volume/hapi-on-postgres.ts';
import { startChild } from './child.ts';
import { persons, syntheticAnswer } from './synthetic-rows.ts';

/**
 * The whole service into a real HAPI FHIR server on PostgreSQL, beside a raw sender of the same Bundles, already made,
 * at the same concurrency: alternately, in one run, since both grow the same database. `npm run bench:hapi`.
 */
const rows = 4_000;
const rounds = 5;
const entries = 100;
const concurrency = 2;
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const main = here('../src/main.ts');
const dayMs = 86_400_000;

const folder = mkdtempSync(join(tmpdir(), 'bench-hapi-'));
const answer = join(folder, 'answer.json');
writeFileSync(answer, Buffer.concat([...syntheticAnswer(rows)]));
const hapi = await startHapiOnPostgres();
const vendor = await startChild([here('vendor-stand-in.ts'), String(rows)]);
try {
  await addPatients();
  // HAPI is compiled while it runs: the first rounds of both are slow, and not counted.
  await rawRound();
  await serviceRound();
  const [raw, ours]: [number[], number[]] = [[], []];
  for (let round = 1; round <= rounds; round += 1) {
    const rawRate = await rawRound();
    const { delivering, whole } = await serviceRound();
    raw.push(rawRate);
    ours.push(whole);
    console.log(
      `round ${round}: raw ${show(rawRate)}/s, service ${show(whole)}/s from the vendor's answer to the settled row (x ${(whole / rawRate).toFixed(2)}); delivering alone ${show(delivering)}/s`,
    );
  }
  console.log(
    `median: raw ${show(median(raw))} Communications/s, service ${show(median(ours))}/s: ${(median(ours) / median(raw)).toFixed(2)} of it (wanted: 0.90)`,
  );
} finally {
  vendor.stop();
  await hapi.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Bundles of PUTs under a base that nothing was written under: all of them create. Gives Communications in a second. */
async function rawRound(): Promise<number> {
  const bundles = await madeBundles(newBase());
  const waiting = bundles.map(({ text }) => text);
  const count = bundles.reduce((sum, { size }) => sum + size, 0);
  const started = performance.now();
  const sender = async (): Promise<void> => {
    for (let body = waiting.shift(); body !== undefined; body = waiting.shift()) await post(body);
  };
  await Promise.all(Array.from({ length: concurrency }, sender));
  return count / ((performance.now() - started) / 1000);
}

async function post(body: string): Promise<void> {
  const headers = {
    'content-type': 'application/fhir+json',
    accept: 'application/fhir+json',
    prefer: 'return=minimal',
  };
  const response = await fetch(hapi.url, { method: 'POST', headers, body });
  const reply = (await response.json()) as Bundle;
  if (!response.ok || reply.entry?.some(({ response: one }) => one?.status.startsWith('20') !== true) !== false) {
    throw new Error(`HAPI answered ${response.status}`);
  }
}

/** What the service would send of the answer, in transactions. */
async function madeBundles(base: string): Promise<readonly { readonly text: string; readonly size: number }[]> {
  const config = writeConfig(base, 'translate');
  const args = [main, 'translate', answer, '--config', config];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 30 });
  const { entry = [] } = JSON.parse(stdout) as Bundle;
  return Array.from({ length: Math.ceil(entry.length / entries) }, (_, index) => {
    const some = entry.slice(index * entries, (index + 1) * entries);
    return { size: some.length, text: JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry: some }) };
  });
}

/** The real program, with a ledger of its own that waits for the disk. */
async function serviceRound(): Promise<{ readonly whole: number; readonly delivering: number }> {
  const name = randomUUID();
  const args = [main, 'run', '--json', '--config', writeConfig(newBase(), name)];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 30 });
  const report = JSON.parse(stdout) as RunReport;
  const { delivered, pending, waiting, rejected } = report.delivery;
  if (pending + waiting + rejected > 0) throw new Error('not every message was delivered');
  const ended = Date.parse(report.finishedAt ?? '');
  const read = /"time":"([^"]+)"[^\n]*"event":"window_read"/.exec(stderr)?.[1] ?? report.startedAt;
  const perSecond = (since: string): number => delivered / ((ended - Date.parse(since)) / 1000);
  return { whole: perSecond(report.startedAt), delivering: perSecond(read) };
}

function writeConfig(canonicalBase: string, name: string): string {
  const url = `http://127.0.0.1:${vendor.line}/dialoghealth-writeback-api`;
  const startAt = new Date(Date.now() - dayMs).toISOString();
  const config = {
    sources: [{ name: 'bench', kind: 'dialog-health', url, console: 'BENCH', username: 'b', password: 'b', startAt }],
    destination: { url: hapi.url, dialect: 'r4', concurrency, bundle: { maxEntries: entries } },
    mapping: { canonicalBase },
    ledger: { url: `sqlite:${join(folder, `${name}.db`)}` },
  };
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(config));
  return file;
}

async function addPatients(): Promise<void> {
  const entry = persons.map((id) => ({
    resource: { resourceType: 'Patient', id },
    request: { method: 'PUT', url: `Patient/${id}` },
  }));
  await post(JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }));
}

function newBase(): string {
  return `https://fhir.example.org/${randomUUID()}`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function show(rate: number): string {
  return Math.round(rate).toLocaleString('en');
}
