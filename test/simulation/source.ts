import type { ProblemCode } from '../../src/exchange/problem.ts';
import { keySpace } from '../../src/exchange/record-key.ts';
import type { Reading, SourceRecord } from '../../src/exchange/record.ts';
import type { Instant } from '../../src/exchange/window.ts';
import type { Budget } from '../../src/ledger/ledger.ts';
import type { ReadOutcome, Source } from '../../src/sources/source.ts';
import type { PlanLimits } from '../../src/sync/tiers.ts';
import { stages } from './messages.ts';
import type { SimulatedVendor, VendorAnswer, VendorRow } from './vendor.ts';

export const sourceName = 'simulated-clinic';
export const keys = keySpace('https://fhir.example-health.org');

const batchRows = 40;

export interface SourceParts {
  readonly vendor: SimulatedVendor;
  readonly budget: Pick<Budget, 'spend' | 'learned'>;
  readonly limits: PlanLimits;
  readonly now: () => Instant;
}

/** The vendor as a source: asks the budget first, hands rows over in batches, tells failures apart. */
export function simulatedSource({ vendor, budget, limits, now }: SourceParts): Source {
  const readings = new Map<string, Reading>();

  /** The same row gives the same reading. */
  function readingOf(row: VendorRow): Reading {
    const name = `${row.message.index}/${row.status}/${row.reply ?? ''}/${row.garbled}`;
    const known = readings.get(name) ?? { kind: 'records', records: recordsOf(row) };
    readings.set(name, known);
    return known;
  }

  return {
    name: sourceName,
    longestWindowMs: limits.longestWindowMs,
    async read(window, take, signal, share = 1): Promise<ReadOutcome> {
      if (signal.aborted) return failed('source-timeout');
      const most = await budget.learned(sourceName, limits.requestsPerHour, now());
      const spent = await budget.spend(sourceName, Math.max(1, Math.floor(most * share)), now());
      if (!spent.granted) {
        return { kind: 'failed', problem: { code: 'budget-exhausted', retryAfterMs: spent.freeAt - now() }, rows: 0 };
      }
      const answer = await vendor.ask(window);
      if (signal.aborted) return failed('source-timeout');
      const rows = 'rows' in answer ? answer.rows : [];
      for (let at = 0; at < rows.length; at += batchRows) {
        await take(rows.slice(at, at + batchRows).map(readingOf), 'vendorNow' in answer ? answer.vendorNow : undefined);
      }
      return outcomeOf(answer);
    },
  };
}

function outcomeOf(answer: VendorAnswer): ReadOutcome {
  switch (answer.kind) {
    case 'rows': {
      const { rows, vendorNow } = answer;
      return { kind: 'complete', rows: rows.length, bytes: rows.length * 500, vendorNow };
    }
    case 'locked':
      return failed('source-unauthorized');
    case 'throttled': {
      const { retryAfterMs } = answer;
      const problem = { code: 'source-throttled', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) } as const;
      return { kind: 'failed', problem, rows: 0 };
    }
    case 'broken':
      return failed(codes[answer.how], answer.rows.length);
  }
}

const codes: Readonly<Record<Extract<VendorAnswer, { kind: 'broken' }>['how'], ProblemCode>> = {
  unreachable: 'source-unreachable',
  timeout: 'source-timeout',
  'server-error': 'source-server-error',
  throttled: 'source-throttled',
  refused: 'source-refused',
  html: 'source-unexpected-answer',
  incomplete: 'source-incomplete-answer',
  'too-large': 'source-too-large',
};

const failed = (code: ProblemCode, rows = 0): ReadOutcome => ({ kind: 'failed', problem: { code }, rows });

/** The messages of a row: the outgoing one, and the reply where there is one. */
function recordsOf({ message, status, reply, garbled }: VendorRow): readonly SourceRecord[] {
  const { id, text, person, occurredAt } = message;
  const outgoing = keys.outgoing(id);
  const told = garbled ? `${text}, garbled` : text;
  const answer = reply === undefined ? undefined : keys.reply(id, reply);
  const sent: SourceRecord = {
    key: outgoing,
    direction: 'outgoing',
    thread: outgoing,
    related: answer === undefined ? [] : [answer],
    occurredAt,
    stage: stages[status],
    contentDigest: `${occurredAt} ${told}`,
    changeDigest: status,
    body: { outgoingMessageId: id, outgoingMessage: told, personId: person, messageStatus: status },
  };
  if (answer === undefined) return [sent];
  const replied: SourceRecord = {
    key: answer,
    direction: 'incoming',
    thread: outgoing,
    related: [outgoing],
    occurredAt,
    stage: { rank: 3, final: true },
    contentDigest: person,
    changeDigest: '',
    body: { outgoingMessageId: id, incomingMessage: reply ?? null, personId: person, messageStatus: null },
  };
  return [sent, replied];
}
