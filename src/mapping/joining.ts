import { absent, type Evaluation, type Prepared } from './evaluation.ts';

/** One element of a map, made ready. */
export interface Part {
  readonly name: string;
  readonly prepared: Prepared;
}

/**
 * The map of its parts, in their order. One with formulas beneath it, all of them absent, is left out (an extension
 * without its value goes); one of constants only stays.
 */
export function joinedMap(parts: readonly Part[]): Prepared {
  const varying = parts.filter(({ prepared }) => prepared.kind === 'varying');
  const constants = parts.flatMap(({ name, prepared }) =>
    prepared.kind === 'constant' ? [{ name, value: prepared.value, chosen: prepared.chosen }] : [],
  );
  const chosen = constants.some(({ chosen }) => chosen);
  if (varying.length === 0) {
    if (constants.length < parts.length && !chosen) return absent;
    const value = Object.freeze(Object.fromEntries(constants.map(({ name, value }) => [name, value])));
    return { kind: 'constant', value, chosen };
  }
  const present = parts.filter(({ prepared }) => prepared.kind !== 'absent');
  const names = present.map(({ name }) => name);
  const values = present.map(({ prepared }) => (prepared.kind === 'constant' ? prepared.value : undefined));
  const gives = present.map(({ prepared }) => (prepared.kind === 'varying' ? prepared.give : undefined));
  return {
    kind: 'varying',
    give(evaluation) {
      const made: Record<string, unknown> = {};
      let kept = chosen;
      for (let index = 0; index < names.length; index += 1) {
        const give = gives[index];
        const value = give === undefined ? values[index] : give(evaluation);
        if (value === undefined) continue;
        made[names[index] ?? ''] = value;
        if (give !== undefined) kept = true;
      }
      return kept ? made : undefined;
    },
  };
}

/** The list of its items; an item may give several (`=related`). One without items is left out. */
export function joinedList(items: readonly Prepared[]): Prepared {
  if (items.every(({ kind }) => kind !== 'varying')) {
    const present = items.flatMap((item) => (item.kind === 'constant' ? [item] : []));
    if (present.length === 0) return absent;
    const value = Object.freeze(present.flatMap(({ value }) => value));
    return { kind: 'constant', value, chosen: present.some(({ chosen }) => chosen) };
  }
  const gives = items.map(giveOf);
  return {
    kind: 'varying',
    give(evaluation) {
      const made: unknown[] = [];
      for (const give of gives) {
        const value = give(evaluation);
        if (Array.isArray(value)) made.push(...(value as readonly unknown[]));
        else if (value !== undefined) made.push(value);
      }
      return made.length === 0 ? undefined : made;
    },
  };
}

/** The value of any prepared part, asked for in the same way. */
export function giveOf(prepared: Prepared): (evaluation: Evaluation) => unknown {
  if (prepared.kind === 'varying') return prepared.give;
  const value = prepared.kind === 'constant' ? prepared.value : undefined;
  return () => value;
}
