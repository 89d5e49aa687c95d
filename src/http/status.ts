import type { Operations } from './operations.ts';
import { answerJson, route, type Route } from './route.ts';

export function statusRoutes(operations: Operations): readonly Route[] {
  return [
    route({
      operation: 'getStatus',
      method: 'GET',
      path: '/status',
      role: 'viewer',
      query: {},
      answer: async () => answerJson(await operations.status()),
    }),
  ];
}
