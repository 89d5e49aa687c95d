import type { Figure } from './bench.ts';

/** Does the work and tells how long it took. */
export async function timed(figure: Omit<Figure, 'seconds'>, work: () => Promise<void> | void): Promise<Figure> {
  const start = performance.now();
  await work();
  return { ...figure, seconds: (performance.now() - start) / 1000 };
}
