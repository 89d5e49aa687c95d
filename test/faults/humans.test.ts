import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startEhr, type RunningEhr } from '../../sandbox/ehr/ehr.ts';
import type { ProfileName } from '../../sandbox/ehr/profiles/registry.ts';
import { message } from '../support/scripted.ts';
import { ids, openDelivering, type Delivering } from './delivering.ts';

interface Chart extends Delivering {
  readonly chart: RunningEhr;
  /** As somebody at the EHR does. */
  edit(id: string, change: Readonly<Record<string, unknown>>): void;
  remove(id: string): void;
  /** The message there, without its meta. */
  at(id: string): Readonly<Record<string, unknown>> | undefined;
  version(id: string): string | undefined;
  /** What the ledger knows of it. */
  known(id: string): Promise<string | undefined>;
  /** The requests since the last time this was asked for. */
  asked(): readonly string[];
}

/** A sandbox EHR that people work in, behind the real ledger, delivery loop and destination. */
async function openChart(
  behaveLike: ProfileName | undefined,
  through: (url: string) => Promise<string> = (url) => Promise.resolve(url),
): Promise<Chart> {
  const resources = ids(12).map((id) => ({ resourceType: 'Patient' as const, id: `person-${id}` }));
  const chart = await startEhr({ resources, ...(behaveLike === undefined ? {} : { behaveLike }) });
  onTestFinished(() => chart.close());
  const delivering = await openDelivering({}, { url: await through(chart.url), timeoutMs: 2_000 });
  let heard = 0;
  const current = (id: string) =>
    chart.store.all('Communication').find(({ identifier }) => JSON.stringify(identifier).includes(`"${id}"`));
  const idOf = (id: string): string => String(current(id)?.['id']);
  return {
    ...delivering,
    chart,
    edit(id, change) {
      const { meta: _, ...before } = current(id) ?? {};
      chart.store.write('Communication', idOf(id), { ...before, ...change });
    },
    remove: (id) => void chart.store.remove('Communication', idOf(id)),
    at(id) {
      const { meta: _, ...content } = current(id) ?? {};
      return current(id) === undefined ? undefined : content;
    },
    version: (id) => String(chart.store.current('Communication', idOf(id))?.version),
    async known(id) {
      const { key } = message(id);
      return (await delivering.ledger.messages.byKeys([key])).get(key)?.version;
    },
    asked() {
      const since = chart.requests.slice(heard).map(({ method, path }) => `${method} ${path}`);
      heard = chart.requests.length;
      return since;
    },
  };
}

/** Delivered once; then somebody does something, and the status changes. */
async function changedMeanwhile(opened: Chart, somebody: () => void, names: readonly string[] = ['m0', 'm1', 'm2']) {
  await opened.read(names, 'SENT', 1);
  await opened.deliver();
  expect(await opened.states()).toEqual({ delivered: names.length });
  opened.asked();
  somebody();
  await opened.read(names);
  await opened.deliver();
}

const text = (status: string) => ({ statusReason: { text: status } });
const note = { note: [{ text: 'Called the patient back.' }] };

/** Of these, each has versions and takes updates; HAPI answers another version with 409, the others with 412. */
const kinds = [['R4'], ['hapi'], ['azure'], ['medplum'], ['firely']] as const;
const profileOf = (kind: (typeof kinds)[number][0]): ProfileName | undefined => (kind === 'R4' ? undefined : kind);

describe.each(kinds)('a Communication that somebody works on at the EHR (%s)', (kind) => {
  const open = () => openChart(profileOf(kind));

  it('B20: is not written over once it was changed, and its neighbours are delivered', async () => {
    const opened = await open();
    await changedMeanwhile(opened, () => opened.edit('m1', note));
    expect(await opened.fateOf('m1')).toEqual({ state: 'rejected', code: 'changed-at-ehr' });
    expect(opened.at('m1')).toMatchObject({ ...note, ...text('SENT') });
    expect([opened.at('m0'), opened.at('m2')]).toMatchObject([text('DELIVERED'), text('DELIVERED')]);
    expect(await opened.states()).toEqual({ delivered: 2, rejected: 1 });
  });

  it('B20: is written over when a person releases it, knowing so', async () => {
    const opened = await open();
    await changedMeanwhile(opened, () => opened.edit('m1', note));
    await opened.release({ code: 'changed-at-ehr' });
    await opened.deliver();
    expect(await opened.fateOf('m1')).toEqual({ state: 'delivered', code: null });
    expect(opened.at('m1')).toMatchObject(text('DELIVERED'));
    expect(opened.at('m1')).not.toHaveProperty('note');
    expect(await opened.known('m1')).toBe(opened.version('m1'));
  });

  it('B20: marked as entered in error stays so, also when it is released, until the mark is taken back', async () => {
    const opened = await open();
    await changedMeanwhile(opened, () => opened.edit('m1', { status: 'entered-in-error' }));
    const rejected = { state: 'rejected', code: 'entered-in-error-at-ehr' };
    expect(await opened.fateOf('m1')).toEqual(rejected);
    await opened.release({ code: 'entered-in-error-at-ehr' });
    await opened.deliver();
    expect(await opened.fateOf('m1')).toEqual(rejected);
    expect(opened.at('m1')).toMatchObject({ status: 'entered-in-error', ...text('SENT') });
    opened.edit('m1', { status: 'in-progress' });
    await opened.release({ code: 'entered-in-error-at-ehr' });
    await opened.deliver();
    expect(opened.at('m1')).toMatchObject({ status: 'completed', ...text('DELIVERED') });
  });

  it('B20: marked as entered in error after it was rejected for a change is not written over by a release', async () => {
    const opened = await open();
    await changedMeanwhile(opened, () => opened.edit('m1', note));
    opened.edit('m1', { status: 'entered-in-error' });
    await opened.release({ code: 'changed-at-ehr' });
    await opened.deliver();
    expect(await opened.fateOf('m1')).toEqual({ state: 'rejected', code: 'entered-in-error-at-ehr' });
  });

  it('B20: is not written anew once it was deleted, until a person releases it', async () => {
    const opened = await open();
    await changedMeanwhile(opened, () => opened.remove('m1'));
    expect(await opened.fateOf('m1')).toEqual({ state: 'rejected', code: 'deleted-at-ehr' });
    expect(opened.at('m1')).toBeUndefined();
    await opened.release({ code: 'deleted-at-ehr' });
    await opened.deliver();
    expect(opened.at('m1')).toMatchObject(text('DELIVERED'));
  });

  it('B20: is not moved back to the Patient from whom it was moved', async () => {
    const opened = await open();
    const subject = { reference: 'Patient/person-m9' };
    await changedMeanwhile(opened, () => opened.edit('m1', { subject }));
    const rejected = { state: 'rejected', code: 'subject-moved' };
    expect(await opened.fateOf('m1')).toEqual(rejected);
    await opened.release({ code: 'subject-moved' });
    await opened.deliver();
    expect(await opened.fateOf('m1')).toEqual(rejected);
    expect(opened.at('m1')).toMatchObject({ subject, ...text('SENT') });
  });

  it('B20: is updated as ever after it was touched without a change', async () => {
    const opened = await open();
    await changedMeanwhile(opened, () => opened.edit('m1', { meta: { tag: [{ code: 'seen' }] } }));
    expect(await opened.states()).toEqual({ delivered: 3 });
    expect(opened.at('m1')).toMatchObject(text('DELIVERED'));
    expect(await opened.known('m1')).toBe(opened.version('m1'));
  });

  it('B20: is left as it is where somebody wrote just that, and known by that version from then on', async () => {
    const opened = await open();
    await changedMeanwhile(opened, () => opened.edit('m1', { status: 'completed', ...text('DELIVERED') }));
    expect(await opened.states()).toEqual({ delivered: 3 });
    expect(await opened.known('m1')).toBe(opened.version('m1'));
  });

  it('B20: costs no request more while nobody does', async () => {
    const opened = await open();
    await changedMeanwhile(opened, () => {});
    expect(opened.asked()).toEqual(['POST /fhir']);
    expect(await opened.known('m1')).toBe(opened.version('m1'));
  });

  it('B11: is known for our own when the answer to a change was lost and the next change came meanwhile', async () => {
    const line = breakingLine();
    const opened = await openChart(profileOf(kind), line.open);
    const names = ['m0', 'm1', 'm2'];
    await opened.read(names, 'SENT', 1);
    await opened.deliver();
    await opened.read(names, 'QUEUED AGAIN', 1);
    line.breakNextWrite('arrives', async () => {
      expect(opened.at('m1')).toMatchObject(text('QUEUED AGAIN'));
      await opened.read(names);
    });
    await opened.deliver();
    await opened.later();
    expect(await opened.states()).toEqual({ delivered: 3 });
    expect(opened.at('m1')).toMatchObject(text('DELIVERED'));
  });

  it('B11: a conflict while the version is still ours is tried again with pauses, and few requests', async () => {
    const opened = await open();
    await opened.read(['m0'], 'SENT', 1);
    await opened.deliver();
    opened.asked();
    await opened.read(['m0']);
    opened.chart.faults.add({ fault: 'conflict', times: 1_000 });
    await opened.deliver();
    expect(await opened.fateOf('m0')).toEqual({ state: 'pending', code: 'version-conflict' });
    expect(opened.asked().length).toBeLessThan(30);
    opened.chart.faults.clear();
    await opened.later();
    expect(opened.at('m0')).toMatchObject(text('DELIVERED'));
  });
});

describe('a write that the EHR carries out long after it was given up', () => {
  it.each(kinds)('B11: does not write over what is newer (%s)', async (kind) => {
    const line = breakingLine();
    const opened = await openChart(profileOf(kind), line.open);
    await opened.read(['m0'], 'SENT', 1);
    await opened.deliver();
    await opened.read(['m0'], 'OLDER', 1);
    line.breakNextWrite('is held up', () => opened.read(['m0']));
    await opened.deliver();
    await opened.later();
    expect(opened.at('m0')).toMatchObject(text('DELIVERED'));
    const late = await line.letGo();
    expect(opened.at('m0')).toMatchObject(text('DELIVERED'));
    expect(late).toContain(kind === 'hapi' ? '409' : '412');
  });
});

/** A line to the EHR that can break on a write, whose sender hears nothing. */
function breakingLine() {
  let broken: { readonly how: 'arrives' | 'is held up'; readonly meanwhile: () => Promise<void> } | undefined;
  let held: (() => Promise<Response>) | undefined;

  async function answer(request: IncomingMessage, response: ServerResponse, origin: string): Promise<void> {
    const { method = 'GET', url = '/' } = request;
    const body = await buffer(request);
    const headers = new Headers();
    for (const name of ['accept', 'content-type', 'prefer', 'if-match', 'cache-control']) {
      const value = request.headers[name];
      if (typeof value === 'string') headers.set(name, value);
    }
    const handOn = () => fetch(`${origin}${url}`, { method, headers, ...(body.length === 0 ? {} : { body }) });
    if (method !== 'GET' && broken !== undefined) {
      const { how, meanwhile } = broken;
      broken = undefined;
      if (how === 'arrives') await handOn();
      else held = handOn;
      await meanwhile();
      response.destroy();
      return;
    }
    const reply = await handOn();
    const shown = [...reply.headers].filter(([name]) => name !== 'content-length' && name !== 'connection');
    response.writeHead(reply.status, shown.flat()).end(Buffer.from(await reply.arrayBuffer()));
  }

  return {
    /** The next write arrives, or is held up until it is let go; before its sender hears that, something happens. */
    breakNextWrite: (how: 'arrives' | 'is held up', meanwhile: () => Promise<void>) =>
      void (broken = { how, meanwhile }),
    async letGo(): Promise<string> {
      if (held === undefined) throw new Error('nothing was held up');
      const reply = await held();
      return `${reply.status} ${await reply.text()}`;
    },
    async open(url: string): Promise<string> {
      const { origin, pathname } = new URL(url);
      const server = createServer((request, response) => {
        answer(request, response, origin).catch(() => response.destroy());
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      onTestFinished(() => void server.close());
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      return `http://127.0.0.1:${port}${pathname}`;
    },
  };
}
