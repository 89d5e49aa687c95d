/** Notes what is read of the objects that it watches. */
export interface Watch {
  /** A copy of the object, watched: its members by their names, those of an object within by `name.name`. */
  of<Watched extends object>(object: Watched): Watched;
  /** Does the work, and tells what was read in it; work within it that has a `during` of its own is left out. */
  during<Result>(work: () => Result): readonly [Result, readonly string[]];
}

export function makeWatch(): Watch {
  let read = new Set<string>();
  const of = <Watched extends object>(object: Watched, path = ''): Watched =>
    new Proxy(
      { ...object },
      {
        get(target, name) {
          const value: unknown = Reflect.get(target, name);
          if (typeof name === 'symbol') return value;
          if (typeof value === 'object' && value !== null && !Array.isArray(value)) return of(value, `${path}${name}.`);
          read.add(`${path}${name}`);
          return value;
        },
      },
    );
  return {
    of: (object) => of(object),
    during(work) {
      const outer = read;
      read = new Set();
      try {
        return [work(), [...read]];
      } finally {
        read = outer;
      }
    },
  };
}
