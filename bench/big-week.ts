import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startChild } from './child.ts';
import type { WeekRead } from './week-reader.ts';

/** An answer of one GiB; every fourth row has a reply, so that they are 1,785,000 messages. */
const rows = 1_428_000;
const mostBytes = 200e6;
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/**
 * A week's answer of a gigabyte, streamed, read in one window by the real source and intake into a ledger that waits for
 * the disk: while it is empty, and again when it knows all of it. Each reading is a process of its own.
 */
export async function benchBigWeek(folder: string): Promise<void> {
  const vendor = await startChild([here('vendor-stand-in.ts'), String(rows)]);
  const file = join(folder, 'big-week.db');
  const read = async (what: string, least: number): Promise<void> => {
    const { stdout } = await promisify(execFile)(process.execPath, [here('week-reader.ts'), vendor.line, file]);
    const week = JSON.parse(stdout) as WeekRead;
    if (week.rows !== rows) throw new Error(`${week.rows} rows were read instead of ${rows}`);
    const [perRow, perMessage] = [week.rows, week.messages].map((count) => Math.round(count / week.seconds));
    console.log(
      `${what}: ${show(perMessage)} messages/s (wanted: ${show(least)}), ${show(perRow)} rows/s in ${Math.round(week.seconds)} s; at most ${Math.round(week.peakBytes / 1e6)} MB (wanted: under ${mostBytes / 1e6})`,
    );
  };
  try {
    await read('a week of 1 GiB into an empty ledger', 25_000);
    await read('a week of 1 GiB, all of it known', 30_000);
    console.log(`the ledger of ${show(rows)} rows: ${(statSync(file).size / 1e9).toFixed(1)} GB`);
  } finally {
    vendor.stop();
  }
}

const show = (count = 0): string => count.toLocaleString('en');
