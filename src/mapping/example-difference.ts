/** One place in which two JSON values differ: a path such as `extension[2].valueString`, and how. Never a value. */
export interface JsonDifference {
  readonly element: string;
  readonly message: string;
}

/** Where what the mapping gives is not what the example says; the order of names does not matter, that of items does. */
export function differencesBetween(given: unknown, expected: unknown, element = ''): readonly JsonDifference[] {
  if (Array.isArray(given) && Array.isArray(expected)) {
    const length = Math.max(given.length, expected.length);
    return Array.from({ length }, (_, index) => `${element}[${index}]`).flatMap((path, index) =>
      differencesBetween(itemAt(given, index), itemAt(expected, index), path),
    );
  }
  if (isObject(given) && isObject(expected)) {
    return [...new Set([...Object.keys(expected), ...Object.keys(given)])].flatMap((name) =>
      differencesBetween(given[name], expected[name], element === '' ? name : `${element}.${name}`),
    );
  }
  if (Object.is(given, expected)) return [];
  if (given === undefined) return [{ element, message: 'stands in the example, but the mapping does not give it' }];
  if (expected === undefined)
    return [{ element, message: 'is given by the mapping, but does not stand in the example' }];
  return [{ element, message: 'is another value in the example' }];
}

const itemAt = (list: readonly unknown[], index: number): unknown => list[index];

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
