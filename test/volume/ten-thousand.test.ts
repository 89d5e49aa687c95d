import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { syntheticRow } from '../../bench/synthetic-rows.ts';
import { expectEachOnce, openHospital } from '../hapi/hospital.ts';
import type { Running } from '../support/program.ts';
import type { SampleRow } from '../support/sample-rows.ts';

const count = 10_000;
const kills = 10;
/** Messages that a process delivers before it is killed; the last run is left to deliver the others. */
const deliveredBeforeKill = 800;
const minuteMs = 60_000;

describe('ten thousand messages into HAPI FHIR, with the service killed ten times', () => {
  it.each([
    ['transaction', 'put-by-id'],
    ['batch', 'put-by-id'],
    ['transaction', 'conditional-update'],
    ['batch', 'conditional-update'],
  ] as const)('are there once each, by %s and %s', async (type, write) => {
    const rows = recentRows(Date.now());
    const hospital = await openHospital({ rows, hapi: inject('largeHapi'), dialect: 'r4', write, type });
    onTestFinished(hospital.close);
    for (let kill = 1; kill <= kills; kill += 1) {
      const running = hospital.start(['run']);
      await delivered(running, deliveredBeforeKill);
      running.child.kill('SIGKILL');
      expect(await running.ended).toMatchObject({ signal: 'SIGKILL' });
    }
    expect(await hospital.program(['run'])).toMatchObject({ code: 0 });
    // In version 1: what was sent again after a kill changed nothing.
    await expectEachOnce(hospital);
    expect(new Set(hospital.ids).size).toBe(count);
  });
});

/** Resolves once the process has written down that so many messages were delivered. */
function delivered({ child, ended }: Running, wanted: number): Promise<void> {
  let seen = 0;
  return new Promise((resolve, reject) => {
    child.stderr?.on('data', (text: string) => {
      seen += text.split('"event":"record_delivered"').length - 1;
      if (seen >= wanted) resolve();
    });
    void ended.then(({ code, stderr }) =>
      reject(new Error(`ended with ${code} after ${seen} messages: ${stderr.slice(-2_000)}`)),
    );
  });
}

/** Without replies: each row is one message. Sent within the last day, past every settle delay. */
function recentRows(now: number): readonly SampleRow[] {
  return Array.from({ length: count }, (_, index) => {
    const [date = '', time = ''] = new Date(now - (10 + (index % 1_200)) * minuteMs).toISOString().split('T');
    const [year, month, day] = date.split('-');
    return {
      ...syntheticRow(index),
      incomingMessage: null,
      outgoingMessageSentDate: `${month}/${day}/${year}`,
      outgoingMessageSentTime: time.slice(0, 5),
    };
  });
}
