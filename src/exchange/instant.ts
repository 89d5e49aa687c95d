const written = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** A moment as ISO 8601 writes it, in milliseconds; undefined without a zone, or on a day that does not exist. */
export function instantOf(text: string): number | undefined {
  const [, date = ''] = written.exec(text) ?? [];
  const midnight = Date.parse(`${date}T00:00:00Z`);
  // Date.parse takes 30 February for 2 March.
  const isDay = !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(date);
  const at = isDay ? Date.parse(text) : NaN;
  return Number.isNaN(at) ? undefined : at;
}
