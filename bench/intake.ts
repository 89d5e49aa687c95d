import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keySpace } from '../src/exchange/record-key.ts';
import { openLedger } from '../src/ledger/open-ledger.ts';
import { makeDispatcher } from '../src/network/dispatcher.ts';
import { makeDialogHealthSource } from '../src/sources/dialog-health/dialog-health-source.ts';
import type { Figure } from './bench.ts';
import { startChild } from './child.ts';
import { timed } from './stopwatch.ts';
import { week } from './week.ts';

const rows = 40_000;

/** The answer over a real socket, parsed as it streams, into a ledger that waits for the disk: once new, once known. */
export async function benchIntake(folder: string): Promise<readonly Figure[]> {
  const vendor = await startChild([fileURLToPath(new URL('vendor-stand-in.ts', import.meta.url)), String(rows)]);
  const now = Date.now;
  const ledger = await openLedger({ url: `sqlite:${join(folder, 'intake.db')}`, access: 'owner', now });
  const dispatcher = makeDispatcher();
  const source = makeDialogHealthSource({
    name: 'bench',
    url: `http://127.0.0.1:${vendor.line}/dialoghealth-writeback-api`,
    console: 'BENCH',
    username: 'bench',
    password: () => 'bench',
    method: 'GET',
    timestampFormat: 'MM/dd/yyyy HH:mm:ss',
    maxResponseBytes: 2 ** 30,
    timeoutMs: 300_000,
    dispatcher,
    keys: keySpace('https://fhir.example-health.org'),
    stageOf: () => ({ rank: 3, final: true }),
    now,
    spend: () => Promise.resolve(undefined),
  });

  async function readAll(): Promise<void> {
    const readAt = now();
    const outcome = await source.read(
      week,
      async (readings) => {
        await ledger.messages.record('bench', readAt, readings);
      },
      AbortSignal.timeout(300_000),
    );
    if (outcome.kind !== 'complete') throw new Error(`the answer was not read: ${outcome.problem.code}`);
  }

  try {
    return [
      await timed({ what: 'intake: streamed answer into an empty ledger', count: rows, unit: 'rows' }, readAll),
      await timed({ what: 'intake: the same answer again, all of it known', count: rows, unit: 'rows' }, readAll),
    ];
  } finally {
    await ledger.close();
    await dispatcher.close();
    vendor.stop();
  }
}
