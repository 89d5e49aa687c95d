import { keySpace } from '../src/exchange/record-key.ts';
import { minuteMs } from '../src/exchange/window.ts';
import { openLedger } from '../src/ledger/open-ledger.ts';
import { makeDispatcher } from '../src/network/dispatcher.ts';
import { makeDialogHealthSource } from '../src/sources/dialog-health/dialog-health-source.ts';
import { keepMemoryLow } from '../src/process-io.ts';
import { takeIn } from '../src/sync/intake.ts';
import { week } from './week.ts';

/** What one reading of the week cost. */
export interface WeekRead {
  readonly rows: number;
  readonly messages: number;
  readonly seconds: number;
  /** The most memory the process ever held, all of it. */
  readonly peakBytes: number;
}

/**
 * Reads the week in one window into a ledger, in a process of its own, as the service does: source, intake, ledger.
 * `node bench/week-reader.ts <port of the vendor> <file of the ledger>` prints a `WeekRead`.
 */
keepMemoryLow();
const [port = '', file = ''] = process.argv.slice(2);
const settleDelayMs = 2 * minuteMs;
// A minute is left on both sides, which every request overlaps.
const now = (): number => week.to - 2 * minuteMs + settleDelayMs;
const ledger = await openLedger({ url: `sqlite:${file}`, access: 'owner', now });
const source = makeDialogHealthSource({
  name: 'bench',
  url: `http://127.0.0.1:${port}/dialoghealth-writeback-api`,
  console: 'BENCH',
  username: 'bench',
  password: () => 'bench',
  method: 'GET',
  timestampFormat: 'MM/dd/yyyy HH:mm:ss',
  maxResponseBytes: 2 ** 31,
  timeoutMs: 900_000,
  dispatcher: makeDispatcher(),
  keys: keySpace('https://fhir.example-health.org'),
  keySecret: '',
  unlisted: () => {},
  stageOf: () => ({ rank: 3, final: true }),
  now,
  spend: () => Promise.resolve(undefined),
});
const { longestWindowMs } = source;
const limits = { startAt: week.from, settleDelayMs, latenessMs: settleDelayMs, longestWindowMs, requestsPerHour: 240 };
const parts = { ledger, audit: () => {}, now, recorded: () => {}, reached: () => {} };
const started = performance.now();
const signal = AbortSignal.timeout(900_000);
const range = { from: week.from, to: week.to - 2 * minuteMs };
const { report, problem } = await takeIn(parts, { runId: 'bench', source, limits, range, signal });
const seconds = (performance.now() - started) / 1000;
if (problem !== undefined || report.windows !== 1)
  throw new Error(`the week was not read: ${problem?.code ?? 'in parts'}`);
const read: WeekRead = {
  rows: report.read,
  messages: report.new + report.unchanged,
  seconds,
  peakBytes: process.resourceUsage().maxRSS * 1024,
};
console.log(JSON.stringify(read));
await ledger.close();
process.exit(0);
