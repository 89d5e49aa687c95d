import type { Give, Prepared } from './evaluation.ts';
import type { Origin, Traced } from './origin.ts';
import type { Watch } from './watch.ts';

/** What gave a value: where it comes from, and the fields and settings that were read for it. */
export interface Step {
  readonly origin: Origin;
  readonly fields: readonly string[];
  readonly settings: readonly string[];
}

/** A value of a Communication that is being made, with the step that gave it. */
class Stamped {
  readonly value: unknown;
  readonly step: Step;

  constructor(value: unknown, step: Step) {
    this.value = value;
    this.step = step;
  }
}

/** Stamps every value with its origin. Maps and lists carry values along whatever they are, so they need no word of it. */
export function stampedBy(fieldsRead: Watch, settingsRead: Watch): Traced {
  return (origin, prepare) => {
    const [prepared, settings] = settingsRead.during(prepare);
    const stamp = (value: unknown, fields: readonly string[]): unknown => stamped(value, { origin, fields, settings });
    return withEachValue(
      prepared,
      (value) => stamp(value, []),
      (give) => (evaluation) => {
        const [value, fields] = fieldsRead.during(() => give(evaluation));
        return stamp(value, fields);
      },
    );
  };
}

function withEachValue(
  prepared: Prepared,
  ofConstant: (value: unknown) => unknown,
  ofGive: (give: Give) => Give,
): Prepared {
  switch (prepared.kind) {
    case 'constant':
      return { ...prepared, value: ofConstant(prepared.value) };
    case 'varying':
      return { ...prepared, give: ofGive(prepared.give) };
    case 'absent':
      return prepared;
  }
}

/** A list that is joined with another one must stay a list, and nothing must stay nothing. */
function stamped(value: unknown, step: Step): unknown {
  if (value === undefined) return undefined;
  return Array.isArray(value) ? value.map((item: unknown) => new Stamped(item, step)) : new Stamped(value, step);
}

/** One value of a resource, with the steps that led to it, the outermost first; none where it is not stamped. */
export interface Leaf {
  readonly element: string;
  readonly value: string | number | boolean;
  readonly steps: readonly Step[];
}

/** Every value of a resource, in its order. */
export const leavesOf = (resource: unknown): readonly Leaf[] => leavesBelow(resource, '', []);

function leavesBelow(value: unknown, element: string, steps: readonly Step[]): readonly Leaf[] {
  if (value instanceof Stamped) return leavesBelow(value.value, element, [...steps, value.step]);
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) => leavesBelow(item, `${element}[${index}]`, steps));
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([name, member]: [string, unknown]) =>
      leavesBelow(member, element === '' ? name : `${element}.${name}`, steps),
    );
  }
  const isValue = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isValue ? [{ element, value, steps }] : [];
}
