import { differencesBetween, type Difference } from '../exchange/difference.ts';

/** One place in which what the mapping gives is not what the example says, and how. Never a value. */
export interface ExampleDeviation {
  readonly element: string;
  readonly message: string;
}

export const deviations = (given: unknown, expected: unknown): readonly ExampleDeviation[] =>
  differencesBetween(given, expected).map((difference) => ({
    element: difference.element,
    message: messageOf(difference),
  }));

function messageOf({ ours, theirs }: Difference): string {
  if (ours === undefined) return 'stands in the example, but the mapping does not give it';
  if (theirs === undefined) return 'is given by the mapping, but does not stand in the example';
  return 'is another value in the example';
}
