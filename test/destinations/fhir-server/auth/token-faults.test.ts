import { describe, expect, it } from 'vitest';
import type { KeyFile } from '../../../../src/destinations/fhir-server/auth/signing-keys.ts';
import { problemSentence } from '../../../../src/exchange/problem.ts';
import { keyFile, makeKey } from '../../../support/signing-keys.ts';
import { tokenAnswer, tokenSilence } from '../../../support/token-server.ts';
import { alone, headerOf } from '../../authorizer-contract.ts';
import { delivery } from '../../example-deliveries.ts';
import { answerWith, outcome } from '../../scripted-ehr.ts';
import { serve, servedAt, wordsOf } from '../../served.ts';
import { byKeys, bySecret, registered, scope, tokenServer } from './token-place.ts';

const key = makeKey('ES384');
const next = makeKey('ES384');
const never = new AbortController().signal;

interface Placed {
  /** The keys that the token server knows now. */
  readonly jwks: () => ReturnType<typeof registered>;
  readonly files: readonly KeyFile[];
  /** How far our clock is ahead of the token server's. */
  readonly aheadMs?: number;
  readonly timeoutMs?: number;
}

/** A token server, and an EHR that lets its tokens in, at one time. */
async function placed({ jwks, files, aheadMs = 0, timeoutMs = 5_000 }: Placed) {
  let passed = 0;
  const server = await tokenServer({ jwks, now: () => servedAt + passed - aheadMs });
  const served = await serve({ authorization: server.header }, { auth: byKeys(server.url, files), timeoutMs });
  const pass = (ms: number): void => {
    served.pass(ms);
    passed += ms;
  };
  return { ...served, pass, server };
}

/** One that knows the one key. */
async function place(options: Pick<Placed, 'aheadMs' | 'timeoutMs'> = {}) {
  const { file, write } = keyFile(key.pem);
  const known = registered([file]);
  return { ...(await placed({ jwks: () => known, files: [file], ...options })), file, write };
}

describe('a token', () => {
  it('is fetched once for many requests, and renewed before it ends', async () => {
    const { server, ehr, send, pass } = await place();
    await Promise.all([send([delivery(0)]), send([delivery(1)]), send([delivery(2)])]);
    expect(server.issued).toHaveLength(1);
    pass(239_000);
    await send([delivery(3)]);
    expect(server.issued).toHaveLength(1);
    // A minute before its end, and five requests at once.
    pass(2_000);
    await Promise.all([4, 5, 6, 7, 8].map((number) => send([delivery(number)])));
    expect(server.issued).toHaveLength(2);
    expect(ehr.held.size).toBe(9);
    expect(ehr.heard.at(-1)?.headers.authorization).toBe(server.header());
  });

  it('that is still good is shown to its end while a new one cannot be had', async () => {
    const { server, send, pass, ehr } = await place();
    await send([delivery(0)]);
    pass(250_000);
    server.script.push(tokenAnswer(503, 'down'));
    expect(wordsOf(await send([delivery(1)]))).toEqual(['created']);
    expect(server.heard).toHaveLength(2);
    // It is not asked with each request meanwhile.
    expect(wordsOf(await send([delivery(2)]))).toEqual(['created']);
    expect(server.heard).toHaveLength(2);
    server.script.push(tokenAnswer(503, 'down'));
    pass(51_000);
    expect(wordsOf(await send([delivery(3)]))).toEqual(['token-endpoint-failed']);
    expect(ehr.held.size).toBe(3);
  });

  it.each([
    [{ access_token: 't', token_type: 'bearer', expires_in: '120' }, 120],
    [{ access_token: 't', token_type: 'Bearer' }, 300],
    [{ access_token: 't', token_type: 'Bearer', expires_in: -5 }, 300],
    [{ access_token: 't', expires_in: 3600 }, 3600],
    [{ access_token: 't', token_type: 'Bearer', expires_in: 1e12 }, 86_400],
  ])('lives as long as %o says: %d s', async (answer, seconds) => {
    let now = servedAt;
    const server = await tokenServer({ secret: () => 'hunter2' });
    const authorizer = alone(
      bySecret(server.url, () => 'hunter2'),
      () => now,
    );
    server.script.push(tokenAnswer(200, answer));
    expect(await headerOf(authorizer)).toBe('Bearer t');
    now += seconds * 1000 - Math.min(60_000, seconds * 200) - 1;
    expect(await headerOf(authorizer)).toBe('Bearer t');
    now += 1;
    expect(await headerOf(authorizer)).toBe(server.header());
  });

  it('is fetched anew where our clock was set back', async () => {
    let now = servedAt;
    const server = await tokenServer({ secret: () => 'hunter2' });
    const authorizer = alone(
      bySecret(server.url, () => 'hunter2'),
      () => now,
    );
    await headerOf(authorizer);
    now -= 3_600_000;
    await headerOf(authorizer);
    expect(server.issued).toHaveLength(2);
  });

  it('B4: that the EHR has ended is renewed once for all requests, and each is asked once more', async () => {
    const { server, ehr, send } = await place();
    await send([delivery(0)]);
    server.issued.push('revoked');
    expect(wordsOf((await Promise.all([send([delivery(1)]), send([delivery(2)])])).flat())).toEqual([
      'created',
      'created',
    ]);
    expect(server.heard).toHaveLength(2);
    expect(ehr.held.size).toBe(3);
  });

  it('B4: that the EHR refuses again is a refused login, and not asked for a third time', async () => {
    const { server, ehr, send } = await place();
    await send([delivery(0)]);
    const [asked, heard] = [server.heard.length, ehr.heard.length];
    ehr.script.push(answerWith(401, outcome('login')), answerWith(401, outcome('login')));
    expect(await send([delivery(1)])).toMatchObject([{ problem: { code: 'ehr-unauthorized', httpStatus: 401 } }]);
    expect([server.heard.length - asked, ehr.heard.length - heard]).toEqual([1, 2]);
  });
});

describe('a login without the scope that is needed', () => {
  it('B5: is not tried twice, and the scope is named that the grant lacks', async () => {
    const { file } = keyFile(key.pem);
    const granted = 'system/Communication.rs';
    const server = await tokenServer({ jwks: () => registered([file]), scopes: granted, now: () => servedAt });
    const { ehr, send, destination } = await serve(
      { authorization: server.header },
      { auth: byKeys(server.url, [file], { scope: `${granted} system/Communication.cu` }) },
    );
    await destination.check(never);
    ehr.script.push(answerWith(403, outcome('forbidden')));
    const [refused] = await send([delivery(0)]);
    expect(refused).toMatchObject({
      problem: { code: 'ehr-forbidden', httpStatus: 403, where: 'system/Communication.cu' },
    });
    expect([ehr.sent().length, server.heard.length]).toEqual([1, 1]);
  });

  it('B5: has the scope named that the EHR asks for, and no other word of its refusal', async () => {
    const { send, destination, ehr } = await place();
    await destination.check(never);
    const challenge = 'Bearer error="insufficient_scope", scope="system/Communication.write launch/patient Anna"';
    ehr.script.push(answerWith(403, outcome('forbidden', 'Anna Example'), { 'www-authenticate': challenge }));
    const [refused] = await send([delivery(0)]);
    expect(refused).toMatchObject({ problem: { code: 'ehr-forbidden', where: 'system/Communication.write' } });
    expect(JSON.stringify(refused)).not.toContain('Anna');
  });

  it('B5: of which nothing was granted says so at the token endpoint', async () => {
    const { file } = keyFile(key.pem);
    const server = await tokenServer({ jwks: () => registered([file]), scopes: 'none', now: () => servedAt });
    expect(await headerOf(alone(byKeys(server.url, [file])))).toBe('token-scope-refused');
  });
});

describe('a token endpoint', () => {
  it.each([
    ['is down', tokenAnswer(503, 'down'), 'token-endpoint-failed'],
    ['asks for a pause', tokenAnswer(429, 'slower'), 'token-endpoint-failed'],
    ['breaks off', (_: unknown, response: { destroy(): void }) => response.destroy(), 'token-endpoint-unreachable'],
    ['never answers', tokenSilence, 'token-endpoint-unreachable'],
    ['answers with a page', tokenAnswer(200, '<html>'), 'token-unexpected-answer'],
    ['answers with nothing', tokenAnswer(200, {}), 'token-unexpected-answer'],
    ['gives a token that no header can hold', tokenAnswer(200, { access_token: 'a\nb' }), 'token-unexpected-answer'],
    [
      'gives a token of another kind',
      tokenAnswer(200, { access_token: 'a', token_type: 'mac' }),
      'token-unexpected-answer',
    ],
    [
      'gives more than anybody reads',
      tokenAnswer(200, `{"access_token": "${'x'.repeat(300_000)}"}`),
      'token-unexpected-answer',
    ],
    ['leads elsewhere', tokenAnswer(302, '', { location: 'http://127.0.0.1:9/' }), 'token-unexpected-answer'],
    ['is not there', tokenAnswer(404, 'not found'), 'token-unexpected-answer'],
    ['does not know us', tokenAnswer(401, { error: 'invalid_client' }), 'token-refused'],
    ['refuses without a word', tokenAnswer(403, 'no'), 'token-refused'],
    ['says a word of its own', tokenAnswer(400, { error: 'hunter2' }), 'token-refused'],
  ] as const)('B22: that %s keeps messages where they are, with nothing sent', async (_what, reaction, code) => {
    const { server, ehr, send, destination } = await place({ timeoutMs: 300 });
    server.script.push(reaction);
    const check = await destination.check(never);
    expect(check).toMatchObject({ kind: 'failed', problem: { code } });
    server.script.push(reaction);
    expect(await send([delivery(0), delivery(1, { unsure: true })])).toMatchObject([
      { kind: 'refused', problem: { code } },
      { kind: 'refused', problem: { code } },
    ]);
    expect(ehr.heard).toEqual([]);
    expect(JSON.stringify(check)).not.toContain('hunter2');
    // And is asked again the next time.
    expect(wordsOf(await send([delivery(0)]))).toEqual(['created']);
  });

  it('B22: that nobody listens at is named as such, and not as the EHR', async () => {
    const { file } = keyFile(key.pem);
    expect(await headerOf(alone(byKeys('http://127.0.0.1:9/token', [file])))).toBe('token-endpoint-unreachable');
  });

  it('B22: that names a pause is given it', async () => {
    const { server, send } = await place();
    server.script.push(tokenAnswer(503, 'down', { 'retry-after': '120' }));
    expect(await send([delivery(0)])).toMatchObject([{ problem: { httpStatus: 503, retryAfterMs: 120_000 } }]);
  });

  it.each([
    [-400, 'our clock is 400 s behind'],
    [400, 'our clock is 400 s ahead'],
  ])('B22: by whose clock ours is off by %d s says so, with the difference', async (seconds, where) => {
    const { server, destination } = await place({ aheadMs: seconds * 1000 });
    const check = await destination.check(never);
    expect(check).toMatchObject({ problem: { code: 'token-clock-skew', issue: 'invalid_client' } });
    if (check.kind !== 'failed') return;
    // The date has whole seconds.
    const told = Number(/is (\d+) s/.exec(check.problem.where ?? '')?.[1]);
    expect(Math.abs(told - Math.abs(seconds))).toBeLessThanOrEqual(1);
    expect(check.problem.where?.replace(/\d+/, `${Math.abs(seconds)}`)).toBe(where);
    expect(problemSentence(check.problem)).toContain('Set the clock of this machine right (NTP).');
    expect(server.issued).toEqual([]);
  });

  it.each([-200, -50, 0, 50])('B22: gives a token although our clock is off by %d s', async (seconds) => {
    const { destination } = await place({ aheadMs: seconds * 1000 });
    expect(await destination.check(never)).toMatchObject({ kind: 'ready' });
  });

  it('B22: is not said to have another clock where a secret was refused', async () => {
    const server = await tokenServer({ secret: () => 'another', now: () => servedAt + 3_600_000 });
    expect(await headerOf(alone(bySecret(server.url, () => 'hunter2')))).toBe('token-refused');
  });

  it('sees another jti with each attempt, and an assertion is good for one', async () => {
    const { server, send } = await place();
    server.script.push(tokenAnswer(503, 'down'));
    await send([delivery(0)]);
    await send([delivery(0)]);
    const [first, second] = server.heard.map(({ form }) => form['client_assertion'] ?? '');
    expect(first).not.toBe(second);
    expect(server.heard[1]?.form['scope']).toBe(scope);
    const replayed = await fetch(server.url, { method: 'POST', body: new URLSearchParams(server.heard[1]?.form) });
    expect(replayed.status).toBe(400);
    const again = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(server.heard[1]?.form).toString(),
    });
    expect([again.status, server.refusals.at(-1)]).toEqual([401, 'jti was used']);
  });

  it('is told where the public keys are', async () => {
    const { file } = keyFile(key.pem);
    const jku = 'https://sms.hospital.example.org/jwks.json';
    const server = await tokenServer({ jwks: () => registered([file]), jku, now: () => servedAt });
    expect(await headerOf(alone(byKeys(server.url, [file])))).toBe('token-refused');
    expect(await headerOf(alone(byKeys(server.url, [file], { jwksUrl: jku })))).toBe(server.header());
  });
});

describe('keys that are exchanged', () => {
  const read = (made: typeof key) => keyFile(made.pem).file;

  it('B23: sign only once the EHR knows them: the next one is published beside the one that signs', async () => {
    const current = keyFile(key.pem);
    const coming = keyFile(undefined);
    const files = [current.file, coming.file];
    // The EHR reads the keys where they are published, and keeps what it read.
    let cached = registered(files);
    const { server, send, pass, ehr } = await placed({ jwks: () => cached, files });
    expect(wordsOf(await send([delivery(0)]))).toEqual(['created']);
    coming.write(next.pem);
    expect(registered(files).keys).toHaveLength(2);
    pass(300_000);
    expect(wordsOf(await send([delivery(1)]))).toEqual(['created']);
    cached = registered(files);
    // mv next.pem current.pem
    current.write(next.pem);
    coming.write(undefined);
    pass(300_000);
    expect(wordsOf(await send([delivery(2)]))).toEqual(['created']);
    expect(server.refusals).toEqual([]);
    expect(kidsOf(server.heard)).toEqual([kidOf(key), kidOf(key), kidOf(next)]);
    expect(ehr.held.size).toBe(3);
  });

  it('B23: before the EHR knows the new one do no harm: the one that worked last signs once more', async () => {
    const { file, write, server, send, pass } = await place();
    await send([delivery(0)]);
    write(next.pem);
    expect(registered([file]).keys[0]?.kid).toBe(kidOf(next));
    pass(300_000);
    expect(wordsOf(await send([delivery(1)]))).toEqual(['created']);
    expect(kidsOf(server.heard)).toEqual([kidOf(key), kidOf(next), kidOf(key)]);
  });

  it('B23: are read anew for each token: one that the EHR no longer knows is not shown twice', async () => {
    const { file, write } = keyFile(key.pem);
    let known = registered([file]);
    const { server, send, pass } = await placed({ jwks: () => known, files: [file] });
    await send([delivery(0)]);
    known = registered([read(next)]);
    pass(300_000);
    expect(wordsOf(await send([delivery(1)]))).toEqual(['token-refused']);
    expect(server.heard).toHaveLength(2);
    write(next.pem);
    expect(wordsOf(await send([delivery(1)]))).toEqual(['created']);
  });

  it('H11: a secret is read anew for each token, and the old one used until the new one works', async () => {
    let [ours, theirs] = ['old secret', 'old secret'];
    const server = await tokenServer({ secret: () => theirs });
    const { send, pass } = await serve({ authorization: server.header }, { auth: bySecret(server.url, () => ours) });
    expect(wordsOf(await send([delivery(0)]))).toEqual(['created']);
    ours = 'new secret';
    pass(300_000);
    expect(wordsOf(await send([delivery(1)]))).toEqual(['created']);
    expect(server.refusals).toEqual(['secret']);
    theirs = 'new secret';
    pass(300_000);
    expect(wordsOf(await send([delivery(2)]))).toEqual(['created']);
    expect(server.refusals).toEqual(['secret']);
  });

  it('H11: a file that is away does not end what works; without any, that is what is told', async () => {
    const { write, send, pass } = await place();
    expect(wordsOf(await send([delivery(0)]))).toEqual(['created']);
    write(undefined);
    pass(300_000);
    expect(wordsOf(await send([delivery(1)]))).toEqual(['created']);
    expect(await headerOf(alone(byKeys('http://127.0.0.1:9/token', [keyFile(undefined).file])))).toBe(
      'token-key-unusable',
    );
  });
});

const kidOf = (made: typeof key): string => registered([keyFile(made.pem).file]).keys[0]?.kid ?? '';

const kidsOf = (heard: readonly { readonly form: Readonly<Record<string, string>> }[]): readonly unknown[] =>
  heard.map(({ form }) => {
    const [header = ''] = (form['client_assertion'] ?? '').split('.');
    return JSON.parse(Buffer.from(header, 'base64url').toString()).kid;
  });
