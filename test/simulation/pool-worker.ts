import { parentPort } from 'node:worker_threads';
import { carryOut, type Task } from './pool.ts';

async function answer(task: Task): Promise<void> {
  parentPort?.postMessage(await carryOut(task));
}

// One that throws ends the worker, which its owner hears of.
parentPort?.on('message', (task: Task) => void answer(task));
