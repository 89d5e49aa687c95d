import { readFileSync } from 'node:fs';

/** A row of the vendor's answer as it comes: every value a string or null. */
export type SampleRow = Readonly<Record<string, string | null>>;

const file = new URL('../fixtures/sample-response.json', import.meta.url);
const minuteMs = 60_000;

/**
 * Six invented rows of the shape of the vendor's own sample, sent lately: recent enough that every poll reads them
 * again, and past every settle delay.
 */
export function sampleRows(now: number): readonly SampleRow[] {
  const { response }: { readonly response: readonly SampleRow[] } = JSON.parse(readFileSync(file, 'utf8'));
  return response.map((row, index) => ({ ...row, ...sentAt(now - (10 + 3 * index) * minuteMs) }));
}

/** The Patients the rows are about. */
export const personsOf = (rows: readonly SampleRow[]): readonly string[] => [
  ...new Set(rows.map(({ personId }) => personId ?? '')),
];

/** The vendor's date and time, UTC, to the minute. */
function sentAt(time: number): SampleRow {
  const [date = '', clock = ''] = new Date(time).toISOString().split('T');
  const [year, month, day] = date.split('-');
  return { outgoingMessageSentDate: `${month}/${day}/${year}`, outgoingMessageSentTime: clock.slice(0, 5) };
}
