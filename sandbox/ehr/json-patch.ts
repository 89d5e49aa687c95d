import { isObject, objectsOf, textOf, type JsonObject } from './json.ts';

export type Patched =
  { readonly kind: 'patched'; readonly value: JsonObject } | { readonly kind: 'unfit'; readonly why: string };

/** JSON Patch (RFC 6902) as far as anybody needs it here: `add`, `replace`, `remove` and `test`, on a copy. */
export function applyPatch(resource: JsonObject, operations: unknown): Patched {
  if (!Array.isArray(operations)) return unfit('A list of operations is needed.');
  let value: unknown = structuredClone(resource);
  for (const { op, path, value: operand } of objectsOf(operations)) {
    const steps = textOf(path)
      ?.split('/')
      .slice(1)
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
    if (steps === undefined || steps.length === 0) return unfit('Each operation needs a path.');
    if (op === 'test') {
      if (JSON.stringify(valueAt(value, steps)) !== JSON.stringify(operand)) return unfit('A test failed.');
    } else if (op === 'add' || op === 'replace' || op === 'remove') {
      if (op !== 'add' && valueAt(value, steps) === undefined) return unfit('There is nothing at a path.');
      value = changed(value, steps, op, operand);
    } else {
      return unfit('An operation is not known here.');
    }
  }
  return isObject(value) ? { kind: 'patched', value } : unfit('No resource is left.');
}

const unfit = (why: string): Patched => ({ kind: 'unfit', why });

function valueAt(value: unknown, [step, ...steps]: readonly string[]): unknown {
  if (step === undefined) return value;
  if (Array.isArray(value)) return valueAt(value[Number(step)], steps);
  return isObject(value) && Object.hasOwn(value, step) ? valueAt(value[step], steps) : undefined;
}

/** The value with another one at that place. */
function changed(
  value: unknown,
  [step = '', ...steps]: readonly string[],
  op: 'add' | 'replace' | 'remove',
  operand: unknown,
): unknown {
  if (Array.isArray(value)) {
    const index = step === '-' ? value.length : Number(step);
    if (steps.length > 0)
      return value.map((item: unknown, at) => (at === index ? changed(item, steps, op, operand) : item));
    const others: readonly unknown[] = value;
    return others.toSpliced(index, op === 'add' ? 0 : 1, ...(op === 'remove' ? [] : [operand]));
  }
  const object = isObject(value) ? value : {};
  if (steps.length > 0) return { ...object, [step]: changed(object[step], steps, op, operand) };
  const { [step]: _, ...others } = object;
  return op === 'remove' ? others : { ...others, [step]: operand };
}
