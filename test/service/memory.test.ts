import { afterEach, describe, expect, it } from 'vitest';
import { persons, syntheticRow } from '../../bench/synthetic-rows.ts';
import type { RunReport } from '../../src/exchange/reports.ts';
import { bothSides, type BothSides } from '../support/both-sides.ts';
import { startProgram } from '../support/program.ts';
import { sampleRows, type SampleRow } from '../support/sample-rows.ts';

const rows = 20_000;
/** Every fourth row has a reply. */
const messages = 25_000;
let sides: BothSides | undefined;

afterEach(() => sides?.close());

describe('a week of twenty thousand rows', () => {
  it('goes from the vendor to the EHR in one run of less than 250 MB', { timeout: 180_000 }, async () => {
    sides = await bothSides({ rows: manyRows(), patients: persons });
    const program = startProgram(['run', '--json', '--config', sides.configFile]);
    let peak = 0;
    const watch = setInterval(() => {
      if (program.child.exitCode === null) peak = Math.max(peak, program.peakMemory());
    }, 50);
    const ended = await program.ended;
    clearInterval(watch);
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout) as RunReport).toMatchObject({
      sources: [{ read: rows, new: messages }],
      delivery: { delivered: messages, pending: 0, rejected: 0 },
    });
    expect(sides.communications()).toHaveLength(messages);
    expect(peak).toBeGreaterThan(30_000_000);
    expect(peak).toBeLessThan(250_000_000);
  });
});

/** All of them sent lately. */
function manyRows(): readonly SampleRow[] {
  const { outgoingMessageSentDate = null, outgoingMessageSentTime = null } = sampleRows(Date.now())[0] ?? {};
  return Array.from({ length: rows }, (_, index) => ({
    ...syntheticRow(index),
    outgoingMessageSentDate,
    outgoingMessageSentTime,
  }));
}
