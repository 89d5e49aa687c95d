import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Settlement } from '../src/exchange/delivery.ts';
import { dayMs, hourMs, type Instant } from '../src/exchange/window.ts';
import type { Ledger } from '../src/ledger/ledger.ts';
import { openLedger } from '../src/ledger/open-ledger.ts';
import { fillLedger } from './ledger-filling.ts';

/**
 * What the size of the ledger costs: the same work with ten thousand messages in it and with ten million, side by side.
 * `npm run bench:ledger` takes some five minutes and 4 GB of the folder for temporary files; other sizes can be named
 * after `--`. The files are in the memory of the system, as far as that reaches.
 */
const [smallest = 10_000, ...larger] = process.argv.slice(2).map(Number);
const sizes = [smallest, ...(larger.length === 0 ? [10_000_000] : larger)];
const source = 'bench';
const rounds = 40;
const batch = 50;
const until: Instant = Date.parse('2026-03-10T12:00:00Z');

type Work = 'claim' | 'settle' | 'plan';
type Times = Record<Work, number[]>;

const titles: Readonly<Record<Work, string>> = {
  claim: `claim ${batch} messages`,
  settle: `settle ${batch} messages as delivered`,
  plan: 'plan: state, known of an hour, unsettled of a day',
};

const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const ledgers: Ledger[] = [];
try {
  for (const messages of sizes) ledgers.push(await filledLedger(messages));
  const times = ledgers.map((): Times => ({ claim: [], settle: [], plan: [] }));
  // Round by round in turn: what else the machine does meets all of them alike.
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, ledger] of ledgers.entries()) {
      const kept = times[index];
      if (kept !== undefined) await workOnce(ledger, until + dayMs + round, kept);
    }
  }
  print(times);
} finally {
  for (const ledger of ledgers) await ledger.close();
  rmSync(folder, { recursive: true, force: true });
}

async function filledLedger(messages: number): Promise<Ledger> {
  const path = join(folder, `${messages}.db`);
  const open = () => openLedger({ url: `sqlite:${path}`, access: 'owner', now: () => until });
  const start = performance.now();
  await (await open()).close();
  fillLedger(path, { source, messages, due: rounds * batch, until });
  const filled = performance.now();
  const ledger = await open();
  const gigabytes = (statSync(path).size / 1e9).toFixed(2);
  console.log(
    `${messages.toLocaleString('en')} messages: ${gigabytes} GB, filled in ${seconds(filled - start)} s, opened and checked in ${seconds(performance.now() - filled)} s`,
  );
  return ledger;
}

async function workOnce({ messages, coverage }: Ledger, now: Instant, times: Times): Promise<void> {
  const claims = await timed(times.claim, () => messages.claim({ limit: batch, now, leaseMs: hourMs }));
  if (claims.length !== batch) throw new Error('less is due than there should be');
  const settlements = claims.map(({ record: { key }, token }): Settlement => ({
    state: 'delivered',
    key,
    token,
    reference: `Communication/${key}`,
    version: '1',
  }));
  const lost = await timed(times.settle, () => messages.settle(settlements, now));
  if (lost.length > 0) throw new Error('a claimed message was lost');
  await timed(times.plan, async () => {
    await coverage.state(source);
    const known = await coverage.known(source, { from: until - hourMs, to: until });
    const unsettled = await coverage.unsettled(source, { from: until - dayMs, to: until });
    if (known === 0 || unsettled === undefined) throw new Error('the ledger knows less than it should');
  });
}

async function timed<Result>(times: number[], work: () => Promise<Result>): Promise<Result> {
  const start = performance.now();
  const result = await work();
  times.push(performance.now() - start);
  return result;
}

/** Medians, and how much more the largest takes than the smallest. */
function print(times: readonly Times[]): void {
  const width = Math.max(...Object.values(titles).map(({ length }) => length));
  const cell = (text: string): string => text.padStart(14);
  console.log(`\n${''.padEnd(width)}${sizes.map((size) => cell(size.toLocaleString('en'))).join('')}${cell('ratio')}`);
  for (const work of ['claim', 'settle', 'plan'] as const) {
    const medians = times.map((each) => median(each[work]));
    const ratio = (medians.at(-1) ?? 0) / (medians[0] ?? 1);
    const cells = medians.map((ms) => cell(`${ms.toFixed(2)} ms`)).join('');
    console.log(`${titles[work].padEnd(width)}${cells}${cell(`x${ratio.toFixed(2)}`)}`);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(0);
}
