import { DatabaseSync } from 'node:sqlite';
import { hourMs } from '../src/exchange/window.ts';

/** What a ledger is filled with. */
export interface Filling {
  readonly source: string;
  readonly messages: number;
  /** How many of them are due: by turns one of the newest and one of those of the last week, as changed statuses are. */
  readonly due: number;
  /** The newest message was sent then; before that the same number in every hour. */
  readonly until: number;
}

export const messagesPerHour = 1_000;

/**
 * Fills a ledger that has its tables with messages that were read and delivered, by SQLite itself: through `record` ten
 * million would take hours. Every fifth is a reply; of every two hundred one keeps a status that may still change, of
 * those of the last day every third. Keys are spread as those of real messages are.
 */
export function fillLedger(path: string, filling: Filling): void {
  const file = new DatabaseSync(path);
  try {
    // Nothing of it has to survive a crash.
    file.exec(
      'pragma journal_mode = delete; pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -1048576',
    );
    const indexes = file
      .prepare(`select name, sql from sqlite_schema where type = 'index' and tbl_name = 'message' and sql is not null`)
      .all();
    file.exec('begin');
    for (const { name } of indexes) file.exec(`drop index ${String(name)}`);
    file.exec(insertMessages(filling));
    for (const { sql } of indexes) file.exec(String(sql));
    file.exec(
      `update message_count set count = (select count(*) from message where message.state = message_count.state)`,
    );
    file.exec('commit');
    file.exec('pragma journal_mode = wal');
  } finally {
    file.close();
  }
}

function insertMessages({ source, messages, due, until }: Filling): string {
  const newest = messages - due / 2;
  const lastWeek = Math.max(0, newest - 7 * 24 * messagesPerHour);
  const apart = Math.floor((newest - lastWeek) / (due / 2));
  const turn = `iif(n >= ${newest}, (n - ${newest}) * 2,
    iif(n >= ${lastWeek} and (n - ${lastWeek}) % ${apart} = 0, (n - ${lastWeek}) / ${apart} * 2 + 1, null))`;
  const body = JSON.stringify({ outgoingMessage: 'A synthetic message. '.repeat(30) });
  return `
    with recursive numbers (n) as (select 0 union all select n + 1 from numbers where n + 1 < ${messages}),
    made as materialized (
      select n, n % 5 = 4 as is_reply, ${turn} as turn,
        ${until} - (${messages} - 1 - n) * ${hourMs} / ${messagesPerHour} as at from numbers
    )
    insert into message (key, source, direction, thread, related, occurred_at, rank, final, content_digest, change_digest,
      taken_at, link_owed, state, revision, due_at, pending_since, attempts, unsure, reference, first_read_at,
      delivered_at, body)
    select ${keyOf('n')}, '${source}', iif(is_reply, 'incoming', 'outgoing'), ${keyOf('n - is_reply')},
      iif(is_reply, json_array(${keyOf('n - 1')}), null), at / 60000 * 60000, 3,
      iif(is_reply, 1, iif(at > ${until} - ${24 * hourMs}, n % 3 > 0, n % 200 > 0)),
      printf('%022x', n), 'synthetic-change-diges', at, 0, iif(turn is null, 'delivered', 'pending'), 1,
      ${until} + turn, iif(turn is null, null, at), turn is null, 0,
      iif(turn is null, 'Communication/' || ${keyOf('n')}, null), at, iif(turn is null, at, null),
      iif(turn is null, null, '${body}')
    from made`;
}

/** A different one for each number below 2^32, shaped like a UUID; neighbours are far from each other. */
const keyOf = (n: string): string =>
  `printf('%08x-%04x-5%03x-8%03x-%012x', (${n}) * 2654435761 & 4294967295, (${n}) & 65535, (${n}) & 4095, (${n}) & 4095, ${n})`;
