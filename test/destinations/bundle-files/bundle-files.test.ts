import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle, Communication } from 'fhir/r4.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Destination } from '../../../src/destinations/destination.ts';
import { problemSentence } from '../../../src/exchange/problem.ts';
import { canaries, deliveries, delivery } from '../example-deliveries.ts';
import { wordsOf } from '../served.ts';
import { outboxPlace } from './outbox-place.ts';

const signal = new AbortController().signal;
const start = Date.UTC(2026, 2, 5, 14);

const codeOf = async (destination: Destination): Promise<string> => {
  const check = await destination.check(signal);
  return check.kind === 'failed' ? check.problem.code : check.kind;
};

describe('a file for an integration engine', () => {
  it('is a batch of updates by id, one for each message, as translate makes it', async () => {
    const { folder, engine, send } = outboxPlace();
    await send(deliveries(2));
    const [name = ''] = engine.files();
    const bundle = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Bundle<Communication>;
    expect(bundle).toEqual({
      resourceType: 'Bundle',
      type: 'batch',
      entry: deliveries(2).map(({ key, resource }) => ({
        fullUrl: `urn:uuid:${key}`,
        resource,
        request: { method: 'PUT', url: `Communication/${key}` },
      })),
    });
  });

  it('is for owner and group alone', async () => {
    const { folder, engine, send } = outboxPlace();
    await send(deliveries(1));
    expect(statSync(join(folder, engine.files()[0] ?? '')).mode & 0o137).toBe(0);
  });

  it('is UTF-8', async () => {
    const { folder, engine, send } = outboxPlace();
    await send([delivery(0, { text: 'Grüße, 你好 👋' })]);
    expect(readFileSync(join(folder, engine.files()[0] ?? '')).toString('utf8')).toContain('Grüße, 你好 👋');
  });

  it('holds no more messages than are allowed, and no more bytes', async () => {
    const many = outboxPlace({ bundle: { maxEntries: 4, maxBytes: 64 * 1024 } });
    await many.send(deliveries(10));
    expect(many.engine.files()).toHaveLength(3);
    const large = outboxPlace({ bundle: { maxEntries: 100, maxBytes: 2_000 } });
    await large.send(deliveries(10));
    const sizes = large.engine.files().map((name) => statSync(join(large.folder, name)).size);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2_000);
    expect(Math.max(...sizes)).toBeGreaterThan(1_000);
  });

  it('has nothing of a message in its name', async () => {
    const { engine, send } = outboxPlace();
    await send(deliveries(3));
    for (const canary of canaries) expect(engine.files().join()).not.toContain(canary);
    expect(engine.files()[0]).toMatch(/^20260305T140000000Z-[0-9a-f]{32}\.json$/);
  });

  it('goes under the id that an EHR gave the message before', async () => {
    const { engine, send } = outboxPlace();
    const outcomes = await send([delivery(0, { knownReference: 'Communication/server-7' })]);
    expect(outcomes).toMatchObject([{ kind: 'accepted', reference: 'Communication/server-7', change: 'updated' }]);
    engine.pickUp();
    expect(engine.held()).toMatchObject([{ resource: { id: 'server-7' } }]);
  });

  it('is found by the version that its messages are given', async () => {
    const { engine, send } = outboxPlace();
    const [outcome] = await send(deliveries(1));
    const version = outcome?.kind === 'accepted' ? (outcome.version ?? '-') : '-';
    expect(engine.files()[0]).toMatch(new RegExp(`^${version}-`));
  });
});

describe('the order of files', () => {
  it('is by name that in which they were written, also within a millisecond', async () => {
    const { engine, send } = outboxPlace();
    for (const status of ['unknown', 'in-progress', 'completed'] as const) await send([delivery(0, { status })]);
    expect(engine.files()).toHaveLength(3);
    engine.pickUp();
    expect(engine.held()).toMatchObject([{ resource: { status: 'completed' }, version: '3' }]);
  });

  it('stays so for a clock that is set back, across a restart', async () => {
    const { engine, send, setClock, restarted } = outboxPlace();
    await send([delivery(0, { status: 'in-progress' })]);
    setClock(start - 3_600_000);
    await send([delivery(0, { status: 'on-hold' })]);
    await restarted().send([delivery(0, { status: 'completed' })], signal);
    engine.pickUp();
    expect(engine.held()).toMatchObject([{ resource: { status: 'completed' }, version: '3' }]);
  });

  it('stays so where the earlier file was picked up already and waits elsewhere', async () => {
    const { engine, send, setClock, restarted, folder } = outboxPlace();
    const [first] = await send([delivery(0, { status: 'in-progress' })]);
    const before = engine.files();
    for (const name of before) rmSync(join(folder, name));
    setClock(start - 3_600_000);
    const knownVersion = first?.kind === 'accepted' ? (first.version ?? '') : '';
    await restarted().send([{ ...delivery(0, { status: 'completed' }), knownVersion }], signal);
    expect([...before, ...engine.files()]).toEqual([...before, ...engine.files()].toSorted());
  });

  it('is not disturbed by files of others', async () => {
    const { engine, send, folder } = outboxPlace();
    writeFileSync(join(folder, '99991231T000000000Z.json'), '{}');
    writeFileSync(join(folder, 'zzz.txt'), '');
    await send(deliveries(1));
    expect(engine.files()[0]).toMatch(/^20260305T140000000Z-/);
  });
});

describe('what a crash has left', () => {
  it('unfinished is taken away by the next process, and nothing else is', async () => {
    const { folder, engine, restarted } = outboxPlace();
    const unfinished = `.20260305T130000000Z-${'0'.repeat(32)}.json.part`;
    for (const name of [unfinished, '.hidden', 'theirs.part']) writeFileSync(join(folder, name), '{"resourceTy');
    const next = restarted();
    await next.check(signal);
    expect(readdirSync(folder)).toContain(unfinished);
    await next.send(deliveries(1), signal);
    expect(readdirSync(folder).toSorted()).toEqual(['.hidden', ...engine.files(), 'theirs.part']);
  });

  it('finished is recognised message by message, however they are put together again', async () => {
    const { engine, send, restarted } = outboxPlace();
    await send(deliveries(3));
    const files = engine.files();
    const again = [delivery(3), delivery(2, { unsure: true }), delivery(0, { unsure: true })];
    const outcomes = await restarted().send(again, signal);
    expect(new Set(wordsOf(outcomes))).toEqual(new Set(['unchanged', 'created']));
    expect(engine.files()).toHaveLength(files.length + 1);
    engine.pickUp();
    expect(engine.held()).toHaveLength(4);
  });

  it('with an earlier status does not count as there', async () => {
    const { engine, send, restarted } = outboxPlace();
    await send([delivery(0, { status: 'in-progress' })]);
    await send([delivery(0, { status: 'completed' })]);
    const again = delivery(0, { status: 'in-progress', unsure: true });
    expect(wordsOf(await restarted().send([again], signal))).toEqual(['created']);
    engine.pickUp();
    expect(engine.held()).toMatchObject([{ resource: { status: 'in-progress' }, version: '3' }]);
  });

  it('and somebody has spoilt is not believed', async () => {
    const { engine, folder, send, restarted } = outboxPlace();
    await send(deliveries(1));
    const [name = ''] = engine.files();
    for (const text of ['{"entry":[{"fullUrl', 'null', '{"entry":{}}', '[]', '{"entry":[null,1]}']) {
      writeFileSync(join(folder, name), text);
      expect(wordsOf(await restarted().send([delivery(0, { unsure: true })], signal))).toEqual(['created']);
      const written = engine.files().filter((each) => each !== name);
      for (const each of written) rmSync(join(folder, each));
    }
  });
});

describe('a folder that cannot be written', () => {
  it('because it is not there is told, never made, and used once it is there', async () => {
    const { folder, destination, send, engine } = outboxPlace();
    renameSync(folder, `${folder}-away`);
    expect(await codeOf(destination)).toBe('folder-missing');
    expect(wordsOf(await send(deliveries(2)))).toEqual(['folder-missing', 'folder-missing']);
    renameSync(`${folder}-away`, folder);
    expect(wordsOf(await send(deliveries(2)))).toEqual(['created', 'created']);
    expect(engine.files()).toHaveLength(1);
  });

  it('because it is a file is told', async () => {
    const { folder, destination, send } = outboxPlace();
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    expect(await codeOf(destination)).toBe('folder-missing');
    expect(wordsOf(await send(deliveries(1)))).toEqual(['folder-missing']);
  });

  it.each([
    ['ENOSPC', 'folder-full'],
    ['EDQUOT', 'folder-full'],
    ['EACCES', 'folder-not-writable'],
    ['EROFS', 'folder-not-writable'],
    ['EIO', 'folder-failed'],
    ['ESTALE', 'folder-failed'],
  ])('for %s leaves nothing behind, and the rest is not tried', async (code, problem) => {
    const { folder, send, failAt } = outboxPlace({ bundle: { maxEntries: 1, maxBytes: 64 * 1024 } });
    failAt('file-begun', code);
    expect(wordsOf(await send(deliveries(3)))).toEqual([problem, problem, problem]);
    expect(readdirSync(folder)).toEqual([]);
    expect(wordsOf(await send(deliveries(3)))).toEqual(['created', 'created', 'created']);
  });

  it('in the middle keeps what was written before', async () => {
    const { send, engine, failAt } = outboxPlace({ bundle: { maxEntries: 1, maxBytes: 64 * 1024 } });
    await send([delivery(0)]);
    failAt('file-synced', 'ENOSPC');
    await send([delivery(1)]);
    expect(engine.files()).toHaveLength(1);
  });

  it('names no path and no message in its problem, but the code of the system', async () => {
    const { folder, send, failAt } = outboxPlace();
    failAt('file-begun', 'EIO');
    const [outcome] = await send(deliveries(1));
    const problem = outcome?.kind === 'refused' ? outcome.problem : undefined;
    expect(problem).toEqual({ code: 'folder-failed', issue: 'EIO' });
    expect(problem === undefined ? '' : problemSentence(problem)).not.toContain(folder);
  });

  it.runIf(process.geteuid?.() === 0)(
    'because its disk really is full is told, and goes on once there is room',
    async () => {
      const { folder, destination, send, engine } = outboxPlace({ bundle: { maxEntries: 1, maxBytes: 16 * 1024 } });
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
      } catch {
        // A container without the right to mount: ENOSPC is shown above.
        return;
      }
      onTestFinished(() => void execFileSync('umount', [folder]));
      expect(await codeOf(destination)).toBe('ready');
      const outcomes = await send(deliveries(40, { text: 'x'.repeat(3_000) }));
      expect(new Set(wordsOf(outcomes))).toEqual(new Set(['created', 'folder-full']));
      const taken = outcomes.filter(({ kind }) => kind === 'accepted');
      expect(await codeOf(destination)).toBe('folder-full');
      engine.pickUp();
      expect(engine.held()).toHaveLength(taken.length);
      expect(await codeOf(destination)).toBe('ready');
      const left = outcomes.flatMap(({ kind, key }) => (kind === 'refused' ? [key] : []));
      const again = deliveries(40, { text: 'x' })
        .filter(({ key }) => left.includes(key))
        .slice(0, 3);
      expect(wordsOf(await send(again))).toEqual(['created', 'created', 'created']);
    },
  );
});

describe('a folder that is checked', () => {
  it('is ready without anything written, and its way is told', async () => {
    const { folder, destination } = outboxPlace();
    const check = await destination.check(signal);
    expect(check).toMatchObject({ kind: 'ready', write: 'put-by-id', bundle: 'batch', cannotBeAsked: true });
    expect(check.why).toContain(folder);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('offers no judgement of a Communication', async () => {
    const { destination } = outboxPlace();
    expect(await destination.judge(delivery(0).resource, signal)).toEqual({ kind: 'not-offered' });
  });

  it('is not made where it is missing', async () => {
    const { folder, destination } = outboxPlace();
    rmSync(folder, { recursive: true });
    await destination.check(signal);
    expect(() => readdirSync(folder)).toThrow('ENOENT');
    mkdirSync(folder);
  });
});
