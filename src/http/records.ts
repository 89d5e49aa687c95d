import { isRecordKey, oneOf, problemCode, readJson, recordKey, recordState, sourceName } from './fields.ts';
import { answerPage, listRequest, paging } from './list.ts';
import type { Operations } from './operations.ts';
import { refusal } from './problem-details.ts';
import { answerJson, route, type Route } from './route.ts';

/** What is held back can be released; what is on its way or done cannot. */
const releaseFields = {
  key: recordKey,
  code: problemCode,
  state: oneOf(['rejected', 'waiting']),
  source: sourceName,
};

export function recordRoutes(operations: Operations): readonly Route[] {
  return [
    route({
      operation: 'listRecords',
      method: 'GET',
      path: '/records',
      role: 'viewer',
      query: { state: recordState, code: problemCode, source: sourceName, ...paging },
      async answer({ query }) {
        const { filter, page } = listRequest(query);
        return answerPage(operations.records(filter, page));
      },
    }),
    route({
      operation: 'releaseRecords',
      method: 'POST',
      path: '/records/release',
      role: 'operator',
      query: {},
      maxBodyBytes: 16 * 1024,
      async answer({ body, asker }) {
        const filter = readJson(releaseFields, body);
        if (filter.kind === 'refusal') return filter;
        // Without this, a forgotten filter would send everything again.
        if (Object.keys(filter.values).length === 0) {
          return refusal('invalid-body', 'Name at least one of key, code, state, source.');
        }
        return answerJson({ released: await operations.release(filter.values, asker) });
      },
    }),
    route({
      operation: 'getRecord',
      method: 'GET',
      path: '/records/{key}',
      role: 'viewer',
      query: {},
      async answer({ path: { key = '' } }) {
        const record = isRecordKey(key) ? await operations.record(key) : undefined;
        return record === undefined ? refusal('not-found', 'No record has this key.') : answerJson(record);
      },
    }),
  ];
}
