/** A body that the operation takes; undefined where it takes none. */
export function exampleBody(path: string, method: string): object | undefined {
  if (method !== 'POST') return undefined;
  switch (path) {
    case '/records/release':
      return { state: 'waiting' };
    case '/backfills':
      return { from: '2025-03-01T00:00:00Z', to: '2026-03-01T00:00:00Z' };
    case '/backfills/{id}/pause':
    case '/backfills/{id}/resume':
      return undefined;
    default:
      return {};
  }
}
