import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What V8 writes with `--cpu-prof`, as far as it is read here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  /** Microseconds. */
  readonly timeDeltas: readonly number[];
}

/** A part of the work, and the function below which all is its own; the first that is met from inside out counts. */
export type ProfiledPart = readonly [name: string, isOf: (functionName: string, url: string) => boolean];

/** How the time of the thread falls to the parts, the largest first; what falls to none is 'else'. */
export function sharesIn(folder: string, parts: readonly ProfiledPart[]): readonly (readonly [string, number])[] {
  const [file] = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error(`there is no profile in ${folder}`);
  const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile;
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const parents = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const known = new Map<number, string>();

  function partOf(node: number): string {
    const before = known.get(node);
    if (before !== undefined) return before;
    const { functionName = '', url = '' } = frames.get(node) ?? {};
    const parent = parents.get(node);
    const own = parts.find(([, isOf]) => isOf(functionName, url))?.[0];
    const part = own ?? (parent === undefined ? 'else' : partOf(parent));
    known.set(node, part);
    return part;
  }

  const times = new Map<string, number>();
  for (const [index, node] of profile.samples.entries()) {
    const part = partOf(node);
    times.set(part, (times.get(part) ?? 0) + (profile.timeDeltas[index] ?? 0));
  }
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  return [...times].map(([part, time]) => [part, time / total] as const).toSorted((a, b) => b[1] - a[1]);
}
