import type { ConceptMap, ConceptMapGroup, ConceptMapGroupElement } from 'fhir/r4.js';
import type { ListedCodes } from '../mapping/listed-codes.ts';

type Listed = ListedCodes['statuses'][number];
/** What becomes of every status. */
type Outcomes = Pick<ListedCodes, 'statuses' | 'otherStatus'>;

const eventStatus = 'http://hl7.org/fhir/event-status';
const notDoneReason = 'http://terminology.hl7.org/CodeSystem/communication-not-done-reason';

const notWritten = 'A message with this status is not written.';
const noReason = 'No code is known to fit: it stands there as it is.';

/** From the vendor's status to the status of the Communication, of messages that were not delivered. */
export function statusMap(map: ConceptMap, source: string, { statuses, otherStatus }: Outcomes): ConceptMap {
  const element = statuses.map(({ code, status }) =>
    status === undefined ? unmatched(code, notWritten) : matched(code, { code: status, equivalence: 'wider' }),
  );
  const unmapped = otherStatus.status === undefined ? {} : { unmapped: fixed(otherStatus.status) };
  return withGroups(map, [{ source, target: eventStatus, element, ...unmapped }]);
}

/** From the vendor's status to the reason in the Communication, one group for each system that reasons are taken from. */
export function reasonMap(map: ConceptMap, source: string, { statuses, otherStatus }: Outcomes): ConceptMap {
  const systems = new Set([notDoneReason, ...statuses.flatMap(({ reason }) => reason?.system ?? [])]);
  const groups = [...systems].map((target): ConceptMapGroup => {
    const element = statuses.flatMap((listed) => reasonIn(target, listed));
    if (target !== (otherStatus.reason?.system ?? notDoneReason)) return { source, target, element };
    const unmapped = otherStatus.reason?.code === undefined ? asProvided : fixed(otherStatus.reason.code);
    return { source, target, element, unmapped };
  });
  const { targetCanonical: _, ...anywhere } = map;
  return withGroups(systems.size === 1 ? map : anywhere, groups);
}

function reasonIn(target: string, { code, status, reason }: Listed): readonly ConceptMapGroupElement[] {
  if (reason?.code === undefined) {
    return target === notDoneReason ? [unmatched(code, status === undefined ? notWritten : noReason)] : [];
  }
  if (reason.system !== target) return [];
  const display = reason.display === undefined ? {} : { display: reason.display };
  // The vendor does not document what its status means: that they overlap is all that is known.
  return [matched(code, { code: reason.code, ...display, equivalence: 'relatedto' })];
}

type Target = NonNullable<ConceptMapGroupElement['target']>[number];

const matched = (code: string, target: Target): ConceptMapGroupElement => ({ code, target: [target] });

const unmatched = (code: string, comment: string): ConceptMapGroupElement =>
  matched(code, { equivalence: 'unmatched', comment });

const fixed = (code: string) => ({ mode: 'fixed' as const, code });
const asProvided = { mode: 'provided' as const };

/** In place of the groups that the map came with. One without elements is none. */
function withGroups(map: ConceptMap, groups: readonly ConceptMapGroup[]): ConceptMap {
  const { group: _, ...ungrouped } = map;
  const group = groups.filter(({ element }) => element.length > 0);
  return group.length === 0 ? ungrouped : { ...ungrouped, group };
}
