import type { Bundle, Communication } from 'fhir/r4.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunReport } from '../../src/exchange/reports.ts';
import { bothSides, type BothSides } from '../support/both-sides.ts';
import { runProgram, type Ended } from '../support/program.ts';
import { validateFully } from '../fhir/full-validation.ts';

let sides: BothSides;

beforeEach(async () => {
  sides = await bothSides();
});

afterEach(() => sides.close());

const run = (...args: readonly string[]): Promise<Ended> =>
  runProgram(['run', '--json', '--config', sides.configFile, ...args]);

const reportOf = ({ stdout }: Ended): RunReport => JSON.parse(stdout) as RunReport;

const idsOf = (resources: readonly Communication[]): readonly string[] =>
  resources.map(({ id }) => id ?? '').toSorted();

describe('one run, from the vendor to the EHR', () => {
  it('delivers the six rows of the sample as six Communications that are valid R4', async () => {
    const ended = await run();
    expect(ended.stderr).not.toContain('Error');
    expect(ended.code).toBe(0);
    expect(reportOf(ended)).toMatchObject({
      state: 'done',
      sources: [{ read: 6, new: 6, changed: 0, unchanged: 0, unreadable: 0 }],
      delivery: { delivered: 6, pending: 0, waiting: 0, rejected: 0 },
    });
    const arrived = sides.communications();
    expect(arrived).toHaveLength(6);
    for (const resource of arrived) expect(validateFully(resource)).toEqual([]);
  });

  it('changes nothing at the EHR when it runs again', async () => {
    await run();
    const writes = sides.writes();
    const before = sides.communications();
    const again = await run();
    expect(reportOf(again)).toMatchObject({
      sources: [{ new: 0, changed: 0, unchanged: 6 }],
      delivery: { delivered: 0 },
    });
    expect(sides.writes()).toBe(writes);
    expect(sides.communications()).toEqual(before);
  });

  it('updates the same Communication when the vendor knows more', async () => {
    await run();
    const before = idsOf(sides.communications());
    sides.changeRow(0, { delivered: 'true', messageStatus: 'DELIVERED' });
    const ended = await run();
    expect(reportOf(ended)).toMatchObject({ sources: [{ new: 0, changed: 1 }], delivery: { delivered: 1 } });
    const after = sides.communications();
    expect(after).toHaveLength(6);
    expect(idsOf(after)).toEqual(before);
    expect(after.filter(({ status }) => status === 'completed')).toHaveLength(1);
    expect(after.map(({ meta }) => meta?.versionId).toSorted()).toEqual(['1', '1', '1', '1', '1', '2']);
  });

  it('makes a Communication of its own from a reply that appears later, and links the two', async () => {
    await run();
    sides.changeRow(0, { incomingMessage: 'Yes, I will come' });
    const ended = await run();
    expect(reportOf(ended)).toMatchObject({ sources: [{ new: 1 }] });
    const arrived = sides.communications();
    expect(arrived).toHaveLength(7);
    const reply = arrived.find(({ payload }) => payload?.[0]?.contentString === 'Yes, I will come');
    const [link] = reply?.about ?? [];
    const message = arrived.find(({ identifier }) => identifier?.[0]?.value === link?.identifier?.value);
    expect(message?.about?.[0]?.identifier).toEqual(reply?.identifier?.[0]);
  });

  it('sends what translate shows', async () => {
    const translated = await runProgram(['translate', sides.rowsFile, '--config', sides.configFile]);
    expect(translated.code).toBe(0);
    const bundle = JSON.parse(translated.stdout) as Bundle<Communication>;
    await run();
    const shown = bundle.entry?.flatMap(({ resource }) => resource ?? []) ?? [];
    const plain = ({ meta, ...rest }: Communication) => ({ ...rest, source: meta?.source });
    expect(new Map(shown.map((each) => [each.id, plain(each)]))).toEqual(
      new Map(sides.communications().map((each) => [each.id, plain(each)])),
    );
  });

  it('reads a past range again by backfill, and doubles nothing', async () => {
    await run();
    const ended = await runProgram([
      ...['backfill', '--from', new Date(Date.now() - 10 * 86_400_000).toISOString(), '--to', new Date().toISOString()],
      ...['--json', '--config', sides.configFile],
    ]);
    expect(ended.code).toBe(0);
    expect(reportOf(ended)).toMatchObject({ sources: [{ windows: 2, new: 0 }] });
    expect(sides.communications()).toHaveLength(6);
  });

  it('keeps a message whose Patient is missing, says so with exit code 3, and delivers it once the Patient is there', async () => {
    sides.removePatient('Tpbirch');
    const waiting = await run();
    expect(waiting.code).toBe(3);
    expect(reportOf(waiting)).toMatchObject({
      state: 'done',
      delivery: { delivered: 3, waiting: 3, problems: { 'patient-not-found': 3 } },
    });
    sides.addPatient('Tpbirch');
    const released = await runProgram([
      'rejected',
      'release',
      '--code',
      'patient-not-found',
      '--config',
      sides.configFile,
    ]);
    expect(released).toMatchObject({ code: 0, stdout: '3 released\n' });
    expect(reportOf(await run())).toMatchObject({ delivery: { delivered: 3, waiting: 0 } });
    expect(sides.communications()).toHaveLength(6);
  });

  it('sets apart a row that cannot be read, once, and goes on with its neighbours', async () => {
    sides.changeRow(0, { outgoingMessageSentDate: '02/30/2023' });
    const first = await run();
    expect(first.code).toBe(3);
    expect(reportOf(first)).toMatchObject({
      sources: [{ new: 5, unreadable: 1, problems: { 'unreadable-row': 1 } }],
      delivery: { delivered: 5 },
    });
    await run();
    const listed = await runProgram(['rejected', 'list', '--json', '--config', sides.configFile]);
    expect(JSON.parse(listed.stdout)).toMatchObject({
      items: [{ code: 'unreadable-row', state: 'rejected' }],
      next: null,
    });
  });

  it('reads nothing and moves nothing when the vendor answers with a page of HTML, and says what to do', async () => {
    sides.vendorAnswersNextWith('html');
    const ended = await run();
    expect(ended.code).toBe(1);
    expect(reportOf(ended)).toMatchObject({
      state: 'failed',
      sources: [{ windows: 0, read: 0, problems: { 'source-unexpected-answer': 1 } }],
    });
    expect(reportOf(await run())).toMatchObject({ state: 'done', sources: [{ new: 6 }] });
  });

  it('does not stop reading for an EHR that is down, and delivers when it is back', async () => {
    await sides.stopEhr();
    const down = await run();
    expect(reportOf(down)).toMatchObject({
      sources: [{ new: 6 }],
      delivery: { delivered: 0, pending: 6, problems: { 'ehr-unreachable': 1 } },
    });
    expect(down.code).toBe(3);
    await sides.startEhr();
    expect(reportOf(await run())).toMatchObject({ delivery: { delivered: 6, pending: 0 } });
  });
});
