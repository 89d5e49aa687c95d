import { isProblemCode, problemSentence, type Problem } from '../exchange/problem.ts';
import type { Page, RecordView } from '../exchange/reports.ts';
import { isoInstant } from '../exchange/window.ts';
import type { Connection } from './database/database.ts';
import { messageColumns, type MessageRow } from './database/tables.ts';
import type { PageRequest, RecordFilter } from './ledger.ts';
import { pageOf, positionOf } from './paging.ts';
import { matches } from './record-filter.ts';

/** One more than asked for: it says whether there is a next page. */
export function listQuery(connection: Connection, filter: RecordFilter, { cursor, limit }: PageRequest) {
  const position = positionOf('messages', cursor);
  const query = connection
    .selectFrom('message')
    .select(['position', ...messageColumns])
    .where(matches(filter))
    .orderBy('position')
    .limit(limit + 1);
  return position === undefined ? query : query.where('position', '>', position);
}

export async function listRecords(
  connection: Connection,
  filter: RecordFilter,
  page: PageRequest,
): Promise<Page<RecordView>> {
  return pageOf('messages', await listQuery(connection, filter, page).execute(), page, viewOf);
}

function viewOf(row: MessageRow): RecordView {
  return {
    key: row.key,
    source: row.source,
    direction: row.direction,
    state: row.state,
    attempts: row.attempts,
    ...problemFields(row),
    reference: row.reference,
    version: row.version,
    firstReadAt: isoInstant(row.first_read_at),
    dueAt: row.due_at === null ? null : isoInstant(row.due_at),
    deliveredAt: row.delivered_at === null ? null : isoInstant(row.delivered_at),
  };
}

/** A code that another version wrote and this one does not know is left out. */
function problemFields({ code, problem }: MessageRow): Pick<RecordView, 'code' | 'problem'> {
  if (code === null || problem === null || !isProblemCode(code)) return { code: null, problem: null };
  const stored: Problem = JSON.parse(problem);
  return { code, problem: problemSentence(stored) };
}
