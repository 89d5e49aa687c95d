import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle, Communication } from 'fhir/r4.js';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { persons, syntheticRow } from '../../bench/synthetic-rows.ts';
import { startVendor } from '../../sandbox/vendor/vendor.ts';
import { chartAt } from '../hapi/chart.ts';
import { runProgram, startProgram, type Running } from '../support/program.ts';
import type { SampleRow } from '../support/sample-rows.ts';

const count = 10_000;
const kills = 10;
/** Messages that a process delivers before it is killed; the last run is left to deliver the others. */
const deliveredBeforeKill = 800;
const username = 'sample-user';
const password = 'sample:password';
const minuteMs = 60_000;
const dayMs = 1_440 * minuteMs;

describe('ten thousand messages into HAPI FHIR, with the service killed ten times', () => {
  it.each([
    ['transaction', 'put-by-id'],
    ['batch', 'put-by-id'],
    ['transaction', 'conditional-update'],
    ['batch', 'conditional-update'],
  ] as const)('are there once each, by %s and %s', async (type, write) => {
    const folder = await mkdtemp(join(tmpdir(), 'ten-thousand-'));
    const rows = recentRows(Date.now());
    const vendor = await startVendor({ console: 'SAMPLE01', username, password, rows });
    onTestFinished(async () => {
      await vendor.close();
      await rm(folder, { recursive: true, force: true });
    });
    const chart = chartAt(inject('largeHapi'));
    for (const id of persons) await chart.addPatient(id);
    const canonicalBase = `https://fhir.example.org/${randomUUID()}`;
    const configFile = join(folder, 'config.json');
    const config = {
      sources: [
        {
          name: 'main-clinic',
          kind: 'dialog-health',
          url: vendor.url,
          console: 'SAMPLE01',
          username,
          password,
          startAt: new Date(Date.now() - dayMs).toISOString(),
        },
      ],
      destination: { url: inject('largeHapi'), dialect: 'r4', write, bundle: { type, maxEntries: 100 } },
      mapping: { canonicalBase },
      ledger: { url: `sqlite:${folder}/ledger.db` },
    };
    await writeFile(configFile, JSON.stringify(config));
    for (let kill = 1; kill <= kills; kill += 1) {
      const running = startProgram(['run', '--config', configFile]);
      await delivered(running, deliveredBeforeKill);
      running.child.kill('SIGKILL');
      expect(await running.ended).toMatchObject({ signal: 'SIGKILL' });
    }
    expect(await runProgram(['run', '--config', configFile])).toMatchObject({ code: 0 });
    const held = await versionsByIdentifier(`${canonicalBase}/sid/sms-outgoing-message-id`);
    expect(held).toHaveLength(count);
    expect(new Set(held.map(({ identifier }) => identifier)).size).toBe(count);
    // What was sent again after a kill changed nothing.
    expect(held.filter(({ version }) => version !== '1')).toEqual([]);
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

/** As HAPI has them, asked by plain requests. */
async function versionsByIdentifier(system: string) {
  const found: { readonly identifier: string; readonly version: string }[] = [];
  const headers = { accept: 'application/fhir+json', 'cache-control': 'no-cache' };
  const query = `identifier=${encodeURIComponent(`${system}|`)}&_count=500`;
  let next: string | undefined = `${inject('largeHapi')}/Communication?${query}`;
  while (next !== undefined) {
    const response = await fetch(next, { headers });
    if (!response.ok) throw new Error(`search: ${response.status}`);
    const page: Bundle<Communication> = JSON.parse(await response.text());
    for (const { resource } of page.entry ?? []) {
      found.push({ identifier: resource?.identifier?.[0]?.value ?? '', version: resource?.meta?.versionId ?? '' });
    }
    next = page.link?.find(({ relation }) => relation === 'next')?.url;
  }
  return found;
}
