import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Bundle } from 'fhir/r4.js';
import { putBundle, putEntry } from '../../../src/destinations/put-bundle.ts';
import { answer, breakBefore, takeAndBreak, takeIt, type ListenerReaction } from '../../support/listener.ts';
import { canaries, deliveries, delivery } from '../example-deliveries.ts';
import { inOrder, wordsOf } from '../served.ts';
import { listenerPlace } from './listener-place.ts';

const signal = new AbortController().signal;

const entriesIn = (body: string): number => (JSON.parse(body) as Bundle).entry?.length ?? 0;

/** Refuses each Bundle that holds one of these. */
const refusing =
  (numbers: readonly number[], status = 400): ListenerReaction =>
  (response, take, posted) => {
    const bad = numbers.some((number) => posted.body.includes(`urn:uuid:${delivery(number).key}`));
    if (bad) answer(status)(response, take, posted);
    else takeIt(response, take, posted);
  };

describe('a Bundle that is posted', () => {
  it('is a batch of updates by id with a key that its contents make', async () => {
    const { listener, send } = await listenerPlace();
    expect(wordsOf(await send(deliveries(3)))).toEqual(['created', 'created', 'created']);
    await send(deliveries(3));
    await send([...deliveries(2), delivery(2, { status: 'completed' })]);
    expect(listener.posted.map(({ method, path }) => `${method} ${path}`)).toEqual(Array(3).fill('POST /sms'));
    expect(listener.posted[0]?.body).toBe(putBundle(deliveries(3).map(putEntry)));
    expect(listener.posted[0]?.headers['content-type']).toBe('application/fhir+json; charset=utf-8');
    const [first, same, other] = listener.posted.map(({ headers }) => headers['idempotency-key']);
    expect(first).toMatch(/^"[0-9a-f]{32}"$/);
    expect(same).toBe(first);
    expect(other).not.toBe(first);
    for (const canary of canaries) expect(JSON.stringify(listener.posted[0]?.headers)).not.toContain(canary);
  });

  it.each([200, 201, 202, 204, 299])('is taken by an answer of %i, whatever stands in it', async (status) => {
    const { send } = await listenerPlace({}, answer(status, {}, status === 204 ? '' : '<ACK>'));
    expect(wordsOf(await send(deliveries(2)))).toEqual(['created', 'created']);
  });

  it('whose answer is lost is posted once more at once: the same bytes, the same key', async () => {
    for (const lost of [takeAndBreak, breakBefore, answer(502), answer(504)]) {
      const { listener, send } = await listenerPlace();
      listener.script.push(lost);
      expect(wordsOf(await send(deliveries(3)))).toEqual(['created', 'created', 'created']);
      const [first, second, ...more] = listener.posted;
      expect(more).toEqual([]);
      expect(second?.body).toBe(first?.body);
      expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
      expect(listener.held().map(({ version }) => version)).toEqual(['1', '1', '1']);
    }
  });

  it('whose answer is lost twice may have arrived, and those after it have not', async () => {
    const { listener, send } = await listenerPlace({ bundle: { maxEntries: 1, maxBytes: 64 * 1024 } });
    listener.script.push(takeAndBreak, takeAndBreak);
    const outcomes = inOrder(deliveries(2), await send(deliveries(2)));
    expect(wordsOf(outcomes)).toEqual(['ehr-answer-lost', 'ehr-unreachable']);
  });

  it('that nobody answers in time is not posted again at once', async () => {
    const { listener, send } = await listenerPlace({ timeoutMs: 200 }, () => {});
    expect(wordsOf(await send(deliveries(1)))).toEqual(['ehr-answer-lost']);
    expect(listener.posted).toHaveLength(1);
  });

  it('that was taken stays taken, though there is no login for the next', async () => {
    let asked = 0;
    const login = {
      authorize: () =>
        ++asked > 1 ? Promise.reject(new Error('no file')) : Promise.resolve({ kind: 'header', header: 'x' } as const),
      renew: () => Promise.resolve(false),
    };
    const { listener, send } = await listenerPlace({ login, bundle: { maxEntries: 1, maxBytes: 64 * 1024 } });
    const outcomes = inOrder(deliveries(2), await send(deliveries(2)));
    expect(wordsOf(outcomes)).toEqual(['created', 'ehr-unauthorized']);
    expect(listener.posted).toHaveLength(1);
  });

  it('is never posted where a redirect leads', async () => {
    const other = await listenerPlace();
    const { listener, send } = await listenerPlace({}, answer(307, { location: other.listener.url }));
    expect(wordsOf(await send(deliveries(1)))).toEqual(['listener-refused']);
    expect(listener.posted).toHaveLength(1);
    expect(other.listener.posted).toEqual([]);
  });
});

describe('a Bundle that is refused', () => {
  it.each([400, 422])(
    'for its content with %i is cut in two until the message at fault stands alone',
    async (status) => {
      const { listener, send } = await listenerPlace({}, refusing([5], status));
      const outcomes = inOrder(deliveries(16), await send(deliveries(16)));
      expect(wordsOf(outcomes)).toEqual(
        Array.from({ length: 16 }, (_, n) => (n === 5 ? 'resource-refused' : 'created')),
      );
      expect(outcomes[5]).toMatchObject({ problem: { code: 'resource-refused', httpStatus: status } });
      expect(listener.posted.length).toBeLessThanOrEqual(2 * 4 + 1);
    },
  );

  it('alone, by a listener that has taken others, is that message’s own fault', async () => {
    const { send } = await listenerPlace({}, refusing([5]));
    await send(deliveries(3));
    expect(wordsOf(await send([delivery(5)]))).toEqual(['resource-refused']);
  });

  it('by a listener that has taken nothing yet rejects nothing: it wants something else', async () => {
    const { send } = await listenerPlace({}, answer(400));
    expect(wordsOf(await send([delivery(0)]))).toEqual(['listener-refused']);
    expect(new Set(wordsOf(await send(deliveries(4))))).toEqual(new Set(['listener-refused']));
  });

  it('message by message, by a listener that took others before, rejects nothing either', async () => {
    const { listener, send } = await listenerPlace();
    await send(deliveries(2));
    for (let times = 0; times < 7; times += 1) listener.script.push(answer(422));
    expect(new Set(wordsOf(await send(deliveries(4))))).toEqual(new Set(['listener-refused']));
  });

  it('for its size is cut in two, and the size remembered', async () => {
    const most = 2_000;
    const { listener, send } = await listenerPlace({}, (response, take, posted) => {
      if (posted.body.length > most) answer(413)(response, take, posted);
      else takeIt(response, take, posted);
    });
    expect(new Set(wordsOf(await send(deliveries(16))))).toEqual(new Set(['created']));
    const before = listener.posted.length;
    await send(deliveries(16));
    expect(listener.posted.slice(before).every(({ body }) => body.length <= most)).toBe(true);
    const all = listener.posted.slice(before).reduce((sum, { body }) => sum + entriesIn(body), 0);
    expect(all).toBe(16);
  });

  it('for its size with one message in it rejects that one', async () => {
    const { send } = await listenerPlace({}, answer(413));
    expect(wordsOf(await send([delivery(0)]))).toEqual(['resource-too-large']);
  });
});

describe('a listener that takes nothing now', () => {
  it.each([
    [401, 'ehr-unauthorized'],
    [403, 'ehr-forbidden'],
    [404, 'listener-refused'],
    [405, 'listener-refused'],
    [408, 'ehr-server-error'],
    [409, 'listener-refused'],
    [415, 'listener-refused'],
    [429, 'ehr-throttled'],
    [500, 'ehr-server-error'],
    [501, 'ehr-server-error'],
    [503, 'ehr-server-error'],
  ])('with %i is asked nothing more, and no message is to blame', async (status, code) => {
    const { listener, send } = await listenerPlace({ bundle: { maxEntries: 2, maxBytes: 64 * 1024 } }, answer(status));
    const outcomes = await send(deliveries(6));
    expect(wordsOf(outcomes.slice(0, 2))).toEqual([code, code]);
    expect(listener.posted).toHaveLength(1);
  });

  it('tells for how long (B3)', async () => {
    const { send } = await listenerPlace({}, answer(503, { 'retry-after': '120' }));
    expect(await send(deliveries(1))).toMatchObject([{ problem: { retryAfterMs: 120_000, httpStatus: 503 } }]);
  });

  it('because nobody is there is unreachable, and nothing was sent', async () => {
    const { listener, destination, send } = await listenerPlace();
    await listener.close();
    expect(wordsOf(await send(deliveries(1)))).toEqual(['ehr-unreachable']);
    expect(await destination.check(signal)).toMatchObject({ kind: 'failed', problem: { code: 'ehr-unreachable' } });
  });
});

describe('the login at a listener', () => {
  it('is shown with each Bundle, renewed once when it is refused, and never told', async () => {
    const headers = ['Bearer old-hunter2', 'Bearer new-hunter2'];
    const refused: (string | undefined)[] = [];
    const { listener, send } = await listenerPlace(
      {
        login: {
          authorize: () => Promise.resolve({ kind: 'header', header: headers[0] }),
          renew(old) {
            refused.push(old);
            headers.shift();
            return Promise.resolve(true);
          },
        },
      },
      (response, take, posted) => {
        if (posted.headers.authorization === 'Bearer new-hunter2') takeIt(response, take, posted);
        else answer(401)(response, take, posted);
      },
    );
    expect(wordsOf(await send(deliveries(1)))).toEqual(['created']);
    expect(refused).toEqual(['Bearer old-hunter2']);
    expect(listener.posted).toHaveLength(2);
  });

  it('that cannot be had posts nothing, and is told by its own problem', async () => {
    const failed = { kind: 'failed', problem: { code: 'ehr-unauthorized' } } as const;
    const { listener, send } = await listenerPlace({
      login: { authorize: () => Promise.resolve(failed), renew: () => Promise.resolve(false) },
    });
    expect(wordsOf(await send(deliveries(2)))).toEqual(['ehr-unauthorized', 'ehr-unauthorized']);
    expect(listener.posted).toEqual([]);
  });

  it('whose secret cannot be read is told without it', async () => {
    const { send } = await listenerPlace({
      login: { authorize: () => Promise.reject(new Error('hunter2')), renew: () => Promise.resolve(false) },
    });
    expect(await send(deliveries(1))).toMatchObject([{ problem: { code: 'ehr-unauthorized' } }]);
  });
});

describe('a listener that is checked', () => {
  it('gets a connection and no request: it would take one for a message', async () => {
    const { listener, destination } = await listenerPlace();
    const check = await destination.check(signal);
    expect(check).toMatchObject({ kind: 'ready', write: 'put-by-id', bundle: 'batch', cannotBeAsked: true });
    expect(check.why).toContain(listener.url);
    expect(listener.connections()).toBe(1);
    expect(listener.posted).toEqual([]);
  });

  it('behind a proxy is not tried, and that is told', async () => {
    const { listener, destination } = await listenerPlace({ connect: undefined });
    expect(await destination.check(signal)).toMatchObject({ kind: 'ready', why: expect.stringContaining('proxy') });
    expect(listener.connections()).toBe(0);
  });

  it('that speaks no TLS where TLS is wanted is told', async () => {
    const plain = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const address = plain.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const { destination, send } = await listenerPlace({ url: `https://127.0.0.1:${port}/sms` });
    expect(await destination.check(signal)).toMatchObject({ kind: 'failed', problem: { code: 'ehr-tls-error' } });
    expect(wordsOf(await send(deliveries(1)))).toEqual(['ehr-tls-error']);
    plain.close();
  });

  it('ends when it is told to', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const { destination } = await listenerPlace({ url: `https://127.0.0.1:${port}/sms` });
    const check = await destination.check(AbortSignal.timeout(100));
    expect(check).toMatchObject({ kind: 'failed', problem: { code: 'ehr-unreachable' } });
    silent.close();
  });
});
