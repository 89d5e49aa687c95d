import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { mutants } from './mutants.ts';
import { simulate, type Simulated } from './simulate.ts';

const entry = fileURLToPath(new URL('pool-worker.ts', import.meta.url));

export interface Task {
  readonly seed: number;
  /** As `mutants` names it. */
  readonly mutant?: string;
  /** The service as it is, in what the mutant is found out by. */
  readonly control?: boolean;
}

export interface Done extends Pick<Simulated, 'broken' | 'facts'> {
  readonly task: Task;
  readonly ms: number;
}

/** One simulation; the same task gives the same. */
export async function carryOut(task: Task, trace?: (line: string) => void): Promise<Done> {
  const began = performance.now();
  const { broken, facts } = await simulate(task.seed, {
    ...optionsOf(task),
    ...(trace === undefined ? {} : { trace }),
  });
  return { task, broken, facts, ms: performance.now() - began };
}

function optionsOf({ mutant, control = false }: Task) {
  if (mutant === undefined) return {};
  const options = mutants[mutant]?.options();
  if (options === undefined) throw new Error(`There is no mutant "${mutant}".`);
  const { mutation: _, ...others } = options;
  return control ? others : options;
}

/** Many at once, on every core; `told` hears of each as it ends. */
export async function carryOutAll(tasks: readonly Task[], told: (done: Done) => void = () => {}): Promise<Done[]> {
  const waiting = [...tasks];
  const all: Done[] = [];
  const workers = Array.from({ length: Math.min(availableParallelism(), tasks.length) }, async () => {
    const worker = new Worker(entry);
    try {
      for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
        const done = await asked(worker, task);
        all.push(done);
        told(done);
      }
    } finally {
      await worker.terminate();
    }
  });
  await Promise.all(workers);
  return all.toSorted((a, b) => tasks.indexOf(a.task) - tasks.indexOf(b.task));
}

function asked(worker: Worker, task: Task): Promise<Done> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (done: Done) => {
      worker.off('error', reject);
      // The very task that was given, not its copy.
      resolve({ ...done, task });
    });
    worker.postMessage(task);
  });
}
