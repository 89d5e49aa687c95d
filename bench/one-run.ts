import { loadConfig } from '../src/config/load-config.ts';
import { openService } from '../src/service.ts';

/** What one run of the service took. */
export interface OneRun {
  readonly delivered: number;
  /** From before the vendor was asked until the last row was settled. */
  readonly seconds: number;
  /** Of the thread that does the work. */
  readonly threadSeconds: number;
  /** Of the whole process: that thread, and those that collect garbage and compile. */
  readonly cpuSeconds: number;
}

/** The real service in a process of its own: `node bench/one-run.ts <config>` does one run and prints what it took. */
const [file = ''] = process.argv.slice(2);
const loaded = loadConfig({ env: {}, defaultFile: file, now: Date.now });
if (loaded.kind === 'invalid') throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
const service = await openService(loaded.config, { now: Date.now, access: 'owner', log: 'stderr' });
try {
  await service.checkDestination();
  service.delivery.start();
  const [start, cpu, thread] = [performance.now(), process.cpuUsage(), process.threadCpuUsage()];
  const started = await service.runs.start({ trigger: 'command' });
  if (started.kind !== 'started') throw new Error(`a run could not start: ${started.kind}`);
  const { state, delivery } = await started.finished;
  const took: OneRun = {
    delivered: delivery.delivered,
    seconds: (performance.now() - start) / 1000,
    threadSeconds: secondsOf(process.threadCpuUsage(thread)),
    cpuSeconds: secondsOf(process.cpuUsage(cpu)),
  };
  if (state !== 'done' || delivery.pending + delivery.rejected + delivery.waiting > 0) {
    throw new Error('not every message was delivered');
  }
  console.log(JSON.stringify(took));
} finally {
  await service.stop();
}

function secondsOf({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1e6;
}
