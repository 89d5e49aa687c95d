import { createTask, type ScheduledTask } from 'node-cron';
import type { Instant } from '../../exchange/window.ts';
import type { WakeUps } from './wake-ups.ts';

export interface Schedule {
  readonly source: string;
  /** Five or six cron fields. */
  readonly expression: string;
  /** An IANA zone. In UTC no run is left out when clocks change; node-cron skips the hour that does not exist. */
  readonly timezone: string;
}

/** Schedules inside this process, by node-cron. Missed runs are not made up for: one later run reads the same range. */
export function inProcessWakeUps(schedules: readonly Schedule[], due: (source: string) => void): WakeUps {
  const tasks = new Map<string, ScheduledTask>();
  return {
    start() {
      for (const { source, expression, timezone } of schedules) {
        const task = createTask(expression, () => due(source), { timezone, name: source });
        tasks.set(source, task);
        void task.start();
      }
    },
    next(source): Instant | undefined {
      return tasks.get(source)?.getNextRun()?.getTime();
    },
    async stop() {
      for (const task of tasks.values()) await task.destroy();
      tasks.clear();
    },
  };
}
