import { describe, expect, it } from 'vitest';
import { loadTranslateConfig } from '../../src/config/load-config.ts';
import type { ExplainedTranslation } from '../../src/exchange/explanation.ts';
import type { Translation } from '../../src/exchange/reports.ts';
import type { TranslateAnswer } from '../../src/http/operations.ts';
import { makeTranslator } from '../../src/translator.ts';
import { sampleRows } from '../support/sample-rows.ts';
import { explanation, recordKey, translation } from './fake-operations.ts';
import { codeOf, serveApp } from './served-app.ts';

const vendorAnswer = '{"requestId":"1","response":[{"outgoingMessage":"Café – 👍"}]}';

function servedTranslate(answer: TranslateAnswer | Promise<TranslateAnswer>) {
  const asked: string[] = [];
  const served = serveApp({
    operations: {
      translate: (body) => {
        asked.push(body);
        return Promise.resolve(answer);
      },
    },
  });
  const post = (query = '', body = vendorAnswer, headers: Readonly<Record<string, string>> = {}) =>
    served.ask({ method: 'POST', path: `/translate${query}`, user: 'otto', body, headers });
  return { ...served, asked, post };
}

const translated = (more: Partial<Translation> = {}): TranslateAnswer => ({
  kind: 'translated',
  translation: { ...translation, ...more },
  explanations: () => [explanation],
});

const lacking = translated({
  rows: 4,
  unreadable: [
    { position: 2, problem: { code: 'missing-id', where: 'outgoingMessageId' } },
    { position: 3, problem: { code: 'unreadable-row' } },
  ],
  left: [
    { key: recordKey, state: 'rejected', problem: { code: 'recipient-type-unknown' } },
    { key: recordKey, state: 'skipped', problem: { code: 'not-for-a-chart' } },
  ],
});

describe('POST /translate', () => {
  it('gives the Bundle as FHIR, and counts', async () => {
    const { post } = servedTranslate(translated());
    const reply = await post();
    expect(reply.status).toBe(200);
    expect(reply.headers['content-type']).toMatch(/^application\/fhir\+json\b/);
    expect(reply.body).toEqual(translation.bundle);
    expect(reply.headers).toMatchObject({
      'x-rows': '1',
      'x-unreadable-rows': '0',
      'x-rejected-messages': '0',
      'x-skipped-messages': '0',
    });
  });

  it('hands the text on exactly as it came', async () => {
    const { post, asked } = servedTranslate(translated());
    await post();
    expect(asked).toEqual([vendorAnswer]);
  });

  it('audits who asked for how much, and nothing of it', async () => {
    const { post, events } = servedTranslate(lacking);
    await post('?partial=true');
    expect(events).toEqual([
      { event: 'translate_asked', requestId: 'request-1', user: 'otto', rows: 4, unreadable: 2 },
    ]);
  });

  it.each(['', '?partial=false'])('gives no Bundle that lacks something (%s), but says what', async (query) => {
    const { post } = servedTranslate(lacking);
    const reply = await post(query);
    expect(reply.status).toBe(422);
    expect(reply.body).toMatchObject({
      code: 'unreadable-rows',
      unreadableRows: 2,
      rows: [
        { position: 2, code: 'missing-id', where: 'outgoingMessageId' },
        { position: 3, code: 'unreadable-row', where: null },
      ],
      rejectedMessages: 1,
      messages: [{ key: recordKey, code: 'recipient-type-unknown' }],
    });
  });

  it('gives the rest to those who ask for it', async () => {
    const { post } = servedTranslate(lacking);
    const reply = await post('?partial=true');
    expect(reply.status).toBe(200);
    expect(reply.headers).toMatchObject({
      'x-rows': '4',
      'x-unreadable-rows': '2',
      'x-rejected-messages': '1',
      'x-skipped-messages': '1',
    });
  });

  it('takes a message that cannot be mapped as seriously as a row that cannot be read', async () => {
    const left = [{ key: recordKey, state: 'rejected' as const, problem: { code: 'resource-invalid' as const } }];
    const { post } = servedTranslate(translated({ left }));
    const reply = await post();
    expect(reply.status).toBe(422);
    expect(codeOf(reply)).toBe('rejected-messages');
  });

  it('misses nothing when the mapping keeps a message out of the chart', async () => {
    const left = [{ key: recordKey, state: 'skipped' as const, problem: { code: 'not-for-a-chart' as const } }];
    const { post } = servedTranslate(translated({ left }));
    const reply = await post();
    expect(reply.status).toBe(200);
    expect(reply.headers['x-skipped-messages']).toBe('1');
  });

  it('lists the first thousand rows, and counts them all', async () => {
    const unreadable = Array.from({ length: 1500 }, (_, position) => ({
      position,
      problem: { code: 'unreadable-row' as const },
    }));
    const { post } = servedTranslate(translated({ unreadable }));
    const reply = await post();
    expect(Object(reply.body).rows).toHaveLength(1000);
    expect(Object(reply.body).unreadableRows).toBe(1500);
  });

  describe('with explain=true', () => {
    it('gives the Bundle beside what made each value of it, as JSON, and counts', async () => {
      const { post } = servedTranslate(translated());
      const reply = await post('?explain=true');
      expect(reply.status).toBe(200);
      expect(reply.headers['content-type']).toMatch(/^application\/json\b/);
      expect(reply.headers).toMatchObject({ 'x-rows': '1', 'x-rejected-messages': '0' });
      expect(reply.body).toEqual({ bundle: translation.bundle, unreadable: [], explanations: [explanation] });
    });

    it('gives what the mapping really explains as openapi.yaml says, kept out or rejected too', async () => {
      const loaded = loadTranslateConfig({ env: {}, defaultFile: 'config/default.yaml', now: () => 0 });
      if (loaded.kind === 'invalid') throw new Error(loaded.problems.map(({ message }) => message).join());
      const translator = makeTranslator(loaded.config);
      const served = serveApp({ operations: { translate: (body) => translator([Buffer.from(body)]) } });
      const [row] = sampleRows(1);
      const rows = ['PATIENT', 'CAREGIVER', 'STAFF', 'NEIGHBOUR'].map((recipientType) => ({
        ...row,
        outgoingMessageId: recipientType,
        recipientType,
      }));
      const body = JSON.stringify({ requestId: 'r', response: [...rows, { ...row, outgoingMessageId: null }] });
      const path = '/translate?explain=true&partial=true';
      const reply = await served.ask({ method: 'POST', path, user: 'otto', body });
      expect(reply.status).toBe(200);
      const { explanations, unreadable }: ExplainedTranslation = Object(reply.body);
      expect(explanations.map(({ outcome }) => outcome)).toEqual([
        'communication',
        'communication',
        'skipped',
        'rejected',
      ]);
      expect(unreadable).toMatchObject([{ position: 4, code: 'missing-id' }]);
    });

    it('refuses what lacks something, unless that is wanted', async () => {
      const { post } = servedTranslate(lacking);
      expect((await post('?explain=true')).status).toBe(422);
      const reply = await post('?explain=true&partial=true');
      expect(reply.status).toBe(200);
      expect(Object(reply.body).unreadable).toMatchObject([
        { position: 2, code: 'missing-id', where: 'outgoingMessageId' },
        { position: 3, code: 'unreadable-row', where: null },
      ]);
    });

    it('takes a megabyte at most, for an explanation is much larger than its row', async () => {
      const { post, asked } = servedTranslate(translated());
      const [most, more] = [1024 * 1024, 1024 * 1024 + 1].map((bytes) => JSON.stringify('x'.repeat(bytes - 2)));
      expect((await post('?explain=true', most)).status).toBe(200);
      const reply = await post('?explain=true', more);
      expect(reply.status).toBe(413);
      expect(codeOf(reply)).toBe('body-too-large');
      expect(asked).toHaveLength(1);
      expect((await post('', more)).status).toBe(200);
    });

    it('explains nothing when that is not asked for', async () => {
      const explained: string[] = [];
      const { post } = servedTranslate({
        kind: 'translated',
        translation,
        explanations: () => {
          explained.push('explained');
          return [];
        },
      });
      await post('?explain=false');
      expect(explained).toEqual([]);
    });

    it('audits nothing but the counts', async () => {
      const { post, events } = servedTranslate(translated());
      await post('?explain=true');
      expect(events).toEqual([
        { event: 'translate_asked', requestId: 'request-1', user: 'otto', rows: 1, unreadable: 0 },
      ]);
    });
  });

  it('tells JSON that breaks off from JSON that is something else', async () => {
    const broken = servedTranslate({ kind: 'not-an-answer', problem: { code: 'source-incomplete-answer' } });
    expect(codeOf(await broken.post())).toBe('malformed-json');
    const other = servedTranslate({ kind: 'not-an-answer', problem: { code: 'source-unexpected-answer' } });
    const reply = await other.post();
    expect(reply.status).toBe(422);
    expect(codeOf(reply)).toBe('not-a-vendor-answer');
  });

  it('takes two at once, and asks a third to come back', async () => {
    const slow = Promise.withResolvers<TranslateAnswer>();
    const { post, asked } = servedTranslate(slow.promise);
    const first = [post(), post()];
    while (asked.length < 2) await new Promise(setImmediate);
    const third = await post();
    expect(third.status).toBe(503);
    expect(codeOf(third)).toBe('busy');
    slow.resolve(translated());
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await post()).status).toBe(200);
  });
});
