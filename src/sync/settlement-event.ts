import type { AuditEvent } from '../audit/audit-event.ts';
import type { DeliveryOutcome, Settlement } from '../exchange/delivery.ts';
import { isoInstant } from '../exchange/window.ts';

export type Change = Extract<DeliveryOutcome, { kind: 'accepted' }>['change'];

/** What the log tells of a record that was settled. Pure. */
export function settlementEvent(settlement: Settlement, attempt: number, change: Change): AuditEvent {
  const { key } = settlement;
  if (settlement.state === 'delivered') {
    const { reference, version = null } = settlement;
    return { event: 'record_delivered', key, attempt, change, reference, version };
  }
  const { code, where = null, httpStatus = null, issue = null } = settlement.problem;
  const answer = { httpStatus, issue };
  switch (settlement.state) {
    case 'pending':
    case 'waiting': {
      const event = settlement.state === 'pending' ? 'record_pending' : 'record_waiting';
      return { event, key, attempt, code, ...answer, dueAt: isoInstant(settlement.dueAt) };
    }
    case 'rejected':
    case 'skipped': {
      const event = settlement.state === 'rejected' ? 'record_rejected' : 'record_skipped';
      return { event, key, attempt, code, where, ...answer };
    }
  }
}
