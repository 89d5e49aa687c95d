import type { Operations } from './operations.ts';
import { refusal } from './problem-details.ts';
import { answerJson, route, type Route } from './route.ts';

/** For probes, open to everyone: yes or no, and no detail. */
export function healthRoutes(operations: Operations): readonly Route[] {
  return [
    route({
      operation: 'getLiveness',
      method: 'GET',
      path: '/livez',
      role: null,
      query: {},
      answer: () => (operations.live() ? ok : refusal('not-live', 'Restart the service.')),
    }),
    route({
      operation: 'getReadiness',
      method: 'GET',
      path: '/readyz',
      role: null,
      query: {},
      answer: async () => ((await operations.ready()) ? ok : refusal('not-ready', 'Send no requests here for now.')),
    }),
  ];
}

const ok = answerJson({ status: 'ok' });
