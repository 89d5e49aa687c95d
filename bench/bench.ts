import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchBigWeek } from './big-week.ts';
import { benchIntake } from './intake.ts';
import { benchMapping } from './mapping.ts';
import { benchSink } from './sink.ts';
import { benchValidation } from './validation.ts';
import { benchWholeWay } from './whole-way.ts';

/** One thing measured. */
export interface Figure {
  readonly what: string;
  readonly count: number;
  /** What is counted: rows of the vendor, or messages. */
  readonly unit: 'rows' | 'messages';
  readonly seconds: number;
}

/**
 * Speed of the parts and of the whole, side by side in one run: `npm run bench`. The ratio compares with the slowest.
 * Read on a quiet machine; on a busy one the ratios say more than the rates. At the end a week's answer of a gigabyte,
 * which takes minutes and 3 GB of the folder for temporary files: `npm run bench -- week` measures it alone,
 * `npm run bench -- parts` and `npm run bench -- sink` the parts and how fast all of it is at its fastest.
 */
const [section] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
try {
  const asked = (name: string): boolean => section === undefined || section === name;
  if (asked('parts')) await benchParts();
  if (asked('sink')) await benchSink(folder);
  if (asked('week')) await benchBigWeek(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function benchParts(): Promise<void> {
  const { figures: ofMapping, timesJsonata } = await benchMapping();
  const ofValidation = await benchValidation();
  const figures = [...ofMapping, ...ofValidation, ...(await benchIntake(folder)), ...(await benchWholeWay(folder))];
  const rate = ({ count, seconds }: Figure): number => count / seconds;
  const slowest = Math.min(...figures.map(rate));
  const width = Math.max(...figures.map(({ what }) => what.length));
  for (const figure of figures) {
    const perSecond = Math.round(rate(figure)).toLocaleString('en').padStart(9);
    const ratio = (rate(figure) / slowest).toFixed(1).padStart(6);
    console.log(`${figure.what.padEnd(width)}  ${perSecond} ${figure.unit}/s  x${ratio}`);
  }
  console.log(`The mapping is ${timesJsonata.toFixed(1)} times as fast as the same in JSONata.`);
}
