import type { Communication } from 'fhir/r4.js';
import { contentDifferences, differencesBetween, type Difference } from '../../exchange/difference.ts';
import type { SourceRecord } from '../../exchange/record.ts';
import type { Mapping } from '../../mapping/mapping.ts';

/** An element in which the EHR has a message otherwise than it would be written. */
export interface ElementDifference {
  /** Its name, never its value. */
  readonly element: string;
  /** It is made of nothing but what travels along with the next change. */
  readonly travels: boolean;
}

/** Stands for another value in the fields that travel along; no person has it. */
const anotherValue = '\u2042';

/**
 * The elements that differ. What the vendor shows of the person today (name, misc fields, carrier) changes no message by
 * itself: a difference that comes of it alone is told apart. Which elements those are the mapping tells: they come out
 * otherwise when it is given another value.
 */
export function elementDifferences(
  ours: Communication,
  theirs: Readonly<Record<string, unknown>>,
  {
    record,
    mapping,
    travelling,
  }: { readonly record: SourceRecord; readonly mapping: Mapping; readonly travelling: readonly string[] },
): readonly ElementDifference[] {
  const differences = contentDifferences(ours, theirs);
  if (differences.length === 0) return [];
  const moving = movingElements(ours, record, mapping, travelling);
  return differences.map((difference) => ({
    element: nameOf(difference),
    travels: moving.some((element) => isMovedBy(difference.element, element)),
  }));
}

function movingElements(
  ours: Communication,
  record: SourceRecord,
  mapping: Mapping,
  travelling: readonly string[],
): readonly string[] {
  const others = Object.fromEntries(travelling.map((field) => [field, anotherValue]));
  const mapped = mapping.map({ ...record, body: { ...record.body, ...others } });
  if (mapped.kind !== 'communication') return [];
  return differencesBetween(ours, mapped.resource).map(({ element }) => element);
}

/** A whole extension is moved by its value; of any other element the EHR may lack more than what moves. */
const isMovedBy = (element: string, moving: string): boolean =>
  isWithin(element, moving) || (/^extension\([^()]*\)$/.test(element) && isWithin(moving, element));

const isWithin = (element: string, whole: string): boolean =>
  element === whole || (element.startsWith(whole) && /^[.[(]/.test(element.slice(whole.length)));

/** What stands at the EHR alone may have any name: no more is told than which element of ours it is in. */
function nameOf({ element, ours }: Difference): string {
  if (ours !== undefined) return element;
  const known = /^(?:extension\(sms-[a-z0-9-]{1,40}\)|[a-z][A-Za-z]{0,40})(?=$|[.[(])/.exec(element)?.[0];
  return known ?? 'another element';
}
