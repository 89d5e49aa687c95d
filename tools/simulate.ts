import { parseArgs } from 'node:util';
import { isoInstant } from '../src/exchange/window.ts';
import { mutants } from '../test/simulation/mutants.ts';
import { carryOut, carryOutAll, type Done, type Task } from '../test/simulation/pool.ts';
import { scenarioOf } from '../test/simulation/scenario.ts';

/**
 * The service between a vendor and an EHR that do everything wrong, on a clock of their own; what it promises is checked.
 *
 * npm run simulate -- --seeds 1000                 seeds 1 to 1000 on every core
 * npm run simulate -- --seeds 100 --seed 5000      seeds 5000 to 5099
 * npm run simulate -- --seed 171                   that one: its scenario, and all that happens in it
 * npm run simulate -- --seeds 5 --mutant NAME      with a shortcut that is to be found out; `--mutant all`: each of them
 */
const { values } = parseArgs({
  options: { seeds: { type: 'string' }, seed: { type: 'string', default: '1' }, mutant: { type: 'string' } },
});

/** So many broken promises of one seed are shown. */
const shownOfEach = 5;

function fail(sentence: string): never {
  console.error(sentence);
  process.exit(2);
}

function numberOf(name: 'seeds' | 'seed', text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : fail(`--${name} is a whole number.`);
}

const first = numberOf('seed', values.seed);
const seeds = Array.from({ length: numberOf('seeds', values.seeds ?? '1') }, (_, index) => first + index);
const chosen = values.mutant === 'all' ? Object.keys(mutants) : [values.mutant];
for (const name of chosen) {
  if (name !== undefined && mutants[name] === undefined) {
    fail(`There is no mutant "${name}". There are:\n  ${Object.keys(mutants).join('\n  ')}`);
  }
}

function show({ task: { seed, mutant }, broken }: Done): void {
  if (broken.length === 0) return;
  const by = mutant === undefined ? '' : ` --mutant "${mutant}"`;
  console.log(`seed ${seed} breaks ${broken.length}; again with: npm run simulate -- --seed ${seed}${by}`);
  for (const { promise, at, what } of broken.slice(0, shownOfEach)) {
    console.log(`  ${isoInstant(at)} ${promise}: ${what}`);
  }
}

/** What happened in all of them, to see that it did. */
function factsOf(all: readonly Done[]): string {
  const sums = new Map<string, number>();
  for (const { facts } of all) {
    for (const [name, count] of Object.entries(facts)) sums.set(name, (sums.get(name) ?? 0) + count);
  }
  return [...sums].map(([name, count]) => `  ${name}: ${count}`).join('\n');
}

async function one(task: Task): Promise<boolean> {
  if (task.mutant === undefined) console.log(JSON.stringify(scenarioOf(task.seed), undefined, 2));
  const done = await carryOut(task, (line) => console.log(line));
  show(done);
  return done.broken.length === 0;
}

async function many(tasks: readonly Task[]): Promise<boolean> {
  const began = performance.now();
  const all = await carryOutAll(tasks, show);
  const broken = all.filter((done) => done.broken.length > 0);
  const seconds = (performance.now() - began) / 1000;
  console.log(factsOf(all));
  console.log(
    `${all.length} simulated, ${broken.length} with a broken promise; ${seconds.toFixed(0)} s, ${(seconds / all.length).toFixed(2)} s each`,
  );
  return broken.length === 0;
}

/** Each of them has to break something. */
async function found(tasks: readonly Task[]): Promise<boolean> {
  const all = await carryOutAll(tasks);
  const names = [...new Set(tasks.map(({ mutant = '' }) => mutant))];
  const missed = names.filter((name) => {
    const caught = all.filter(({ task, broken }) => task.mutant === name && broken.length > 0);
    const how = [...new Set(caught.flatMap(({ broken }) => broken.map(({ promise }) => promise)))];
    console.log(`${name}: found out by ${caught.length} of ${seeds.length} seeds\n  ${how.join('\n  ')}`);
    return caught.length === 0;
  });
  return missed.length === 0;
}

const tasks = seeds.flatMap((seed) => chosen.map((mutant) => (mutant === undefined ? { seed } : { seed, mutant })));
const [task] = tasks;
const isGood =
  tasks.length === 1 && task !== undefined && values.seeds === undefined
    ? await one(task)
    : values.mutant === undefined
      ? await many(tasks)
      : await found(tasks);
process.exitCode = isGood ? 0 : 1;
