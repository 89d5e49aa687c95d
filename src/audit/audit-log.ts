import { createLogger, format, transports } from 'winston';
import { auditFields, auditLevels, type AuditEvent } from './audit-event.ts';

/** Where events go. Never throws. */
export type AuditLog = (event: AuditEvent) => void;

/** One line of the log: `time`, `level`, `event`, `message`, and the event's own fields. */
const sentences: Readonly<Record<AuditEvent['event'], string>> = {
  service_started: 'The service has started.',
  service_stopping: 'The service is stopping.',
  service_stopped: 'The service has stopped.',
  http_listening: 'HTTP is being served.',
  jwks_listening: 'The public keys of the login to the EHR are being served.',
  runs_interrupted: 'Runs of an earlier process were cut off; they are marked as failed.',
  run_triggered: 'A run was asked for.',
  run_started: 'A run has started.',
  run_finished: 'A run has finished.',
  run_skipped: 'A scheduled run was left out.',
  window_read: 'A window was read completely.',
  backlog_full: 'Reading waits for the EHR: as many messages are still to be sent as destination.maxBacklog allows.',
  window_stuck: 'A window that cannot be cut further was not read: somebody must see to it.',
  gap_accepted: 'A person gave up a window that could not be read; what was sent in it may never be read.',
  backfill_begun: 'A backfill was begun.',
  backfill_moved: 'A backfill was paused, stopped, or goes on again.',
  backfill_finished: 'A backfill has come to its end.',
  vendor_clock_off: "The vendor's clock and ours are far apart: one of them is wrong.",
  window_failed: 'A window was not read; coverage stays where it is.',
  row_set_apart: 'A row was set apart for a person to look at.',
  fields_unknown: 'Rows have fields that are not known: ignored. Ask Dialog Health what has changed.',
  record_delivered: 'The EHR has the record.',
  record_altered: 'The EHR holds a record otherwise than it was sent.',
  record_pending: 'The record will be tried again.',
  record_waiting: 'The record waits for its Patient.',
  record_rejected: 'The record was rejected; a person must act.',
  record_skipped: 'The record was kept out of the chart.',
  records_released: 'Records were released.',
  record_dismissed: 'A record was set aside.',
  destination_ready: 'The EHR was asked what it offers; the way of writing is chosen.',
  destination_failed: 'The EHR cannot be written to at present.',
  login_failed: 'A login failed.',
  access_denied: 'A user lacks the role for an operation.',
  translate_asked: 'A translation was asked for.',
  request_failed: 'An HTTP request failed inside the service.',
  service_failed: 'The service met an unexpected error.',
};

/**
 * JSON lines on one of the process's streams.
 * @param level the least level written: `info`, `warn` or `error`
 * @param stream `serve` logs to standard output, every other command to standard error, which keeps its answer clean
 */
export function openAuditLog(options: {
  readonly level: 'info' | 'warn' | 'error';
  readonly stream: 'stdout' | 'stderr';
  readonly now: () => number;
}): AuditLog {
  const logger = createLogger({
    level: options.level,
    // Built key by key: winston appends a `message` in the data to the text and turns Errors into {}.
    format: format.printf(({ level, message, fields }) =>
      lineOf({ time: new Date(options.now()).toISOString(), level, ...Object(fields), message }),
    ),
    transports: [
      new transports.Console({ stderrLevels: options.stream === 'stderr' ? ['error', 'warn', 'info'] : [] }),
    ],
  });
  return (event) => {
    const level = auditLevels[event.event] ?? 'info';
    if (logger.isLevelEnabled(level)) logger.log({ level, message: sentences[event.event], fields: written(event) });
  };
}

/** An object that is wider than its type shows may be passed: what it holds besides goes no further. */
function written(event: AuditEvent): Readonly<Record<string, unknown>> {
  const line: Record<string, unknown> = { event: event.event };
  for (const [name, value] of Object.entries(event)) if (Object.hasOwn(auditFields, name)) line[name] = value;
  return line;
}

/** One line for every reader: JSON leaves DEL, the C1 controls and two line ends of Unicode as they are. */
function lineOf(line: object): string {
  return JSON.stringify(line).replaceAll(
    /[\u007f-\u009f\u2028\u2029]/g,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
