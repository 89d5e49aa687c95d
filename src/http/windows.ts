import { instant, sourceName } from './fields.ts';
import { answerPage, listRequest, paging } from './list.ts';
import type { Operations } from './operations.ts';
import { refusal } from './problem-details.ts';
import { route, type Route } from './route.ts';

export function windowRoutes(operations: Operations): readonly Route[] {
  return [
    route({
      operation: 'listWindows',
      method: 'GET',
      path: '/windows',
      role: 'viewer',
      query: { source: sourceName, from: instant, to: instant, ...paging },
      async answer({ query }) {
        const { filter, page } = listRequest(query);
        if (filter.from !== undefined && filter.to !== undefined && filter.from >= filter.to) {
          return refusal('invalid-parameter', '"from" has to be before "to".');
        }
        return answerPage(operations.windows(filter, page));
      },
    }),
  ];
}
