/** What a process does ends with it. A point is a moment at which it may be killed: after so many it is. */
export interface Mortal {
  /** A named moment of the code; throws when it is the last one. */
  readonly reached: (point: string) => void;
  /** What is asked of the world outside: a dead process asks nothing, and never hears an answer. */
  pass<T>(work: () => Promise<T>): Promise<T>;
  /** The same for every method of a part. */
  passing<Part extends object>(part: Part): Part;
  isDead(): boolean;
  /** The point at which it died. */
  diedAt(): string | undefined;
  kill(): void;
  /** It is killed no more. */
  spare(): void;
}

class Killed extends Error {
  override name = 'Killed';
}

/** @param onDeath called in the middle of things: nothing may be asked of the process any more */
export function mortal(points: number, onDeath: () => void): Mortal {
  let left = points;
  let dead = false;
  let diedAt: string | undefined;

  function kill(point = 'outside'): void {
    if (dead) return;
    dead = true;
    diedAt = point;
    onDeath();
  }

  function count(point: string): void {
    left -= 1;
    if (left <= 0) kill(point);
  }

  function reached(point: string): void {
    if (!dead) count(point);
    if (dead) throw new Killed(point);
  }

  async function pass<T>(work: () => Promise<T>, name = ''): Promise<T> {
    if (dead) return never();
    const settled = await work().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    if (!dead && name !== '') count(name);
    if (dead) return never();
    if ('error' in settled) throw settled.error;
    return settled.value;
  }

  function passing<Part extends object>(part: Part, name = ''): Part {
    return new Proxy(part, {
      get(target, property): unknown {
        const member: unknown = Reflect.get(target, property);
        const path = `${name}${String(property)}`;
        if (typeof member === 'function') {
          return (...given: readonly unknown[]) =>
            pass(() => Promise.resolve(Reflect.apply(member, target, given) as unknown), path);
        }
        return typeof member === 'object' && member !== null ? passing(member, `${path}.`) : member;
      },
    });
  }

  return {
    reached,
    pass: (work) => pass(work),
    passing: (part) => passing(part),
    isDead: () => dead,
    diedAt: () => diedAt,
    kill: () => kill(),
    spare() {
      left = Infinity;
    },
  };
}

const never = <T>(): Promise<T> => new Promise(() => {});
