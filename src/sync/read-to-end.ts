import type { Problem } from '../exchange/problem.ts';
import type { BackfillView, SourceRunReport } from '../exchange/reports.ts';
import type { Instant } from '../exchange/window.ts';
import { afterStep, noTrouble, type BackfillStep } from './backfill.ts';
import type { Random } from './retry-policy.ts';
import type { SourcePause } from './source-pause.ts';
import { nothingRead, sumOf } from './source-report.ts';

/** With back-offs, about a quarter of an hour. */
const failuresAtMost = 10;

export interface ReadToEndParts {
  readonly job: () => Promise<BackfillView>;
  /** Reads one window of the source's jobs: of the one that began first. */
  readonly readOne: (signal: AbortSignal) => Promise<BackfillStep>;
  readonly pause: () => SourcePause | undefined;
  readonly now: () => Instant;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random: Random;
  readonly told: (progress: BackfillProgress) => void;
}

export type BackfillProgress =
  | { readonly at: 'window'; readonly job: BackfillView }
  | { readonly at: 'pause'; readonly source: string; readonly until: Instant; readonly problem: Problem };

export type BackfillEnd =
  /** Done, or as far as the vendor keeps anything; or somebody paused or stopped it. */
  | { readonly kind: 'over'; readonly job: BackfillView; readonly read: SourceRunReport }
  /** It goes on from there when it is asked for again. */
  | {
      readonly kind: 'broken-off';
      readonly job: BackfillView;
      readonly read: SourceRunReport;
      /** What it failed of; undefined: it was told to stop. */
      readonly problem?: Problem;
    };

/** Reads a job to its end, and waits where it has to: for the budget, and after a failure. */
export async function readToEnd(parts: ReadToEndParts, signal: AbortSignal): Promise<BackfillEnd> {
  const { readOne, now, sleep, random, told } = parts;
  let job = await parts.job();
  let read = nothingRead(job.source);
  let trouble = noTrouble;
  while (job.state === 'running' && !signal.aborted) {
    const step = await readOne(signal);
    if (step.kind !== 'nothing') read = sumOf(read, step.report);
    job = await parts.job();
    told({ at: 'window', job });
    const after = afterStep(step, trouble, random);
    trouble = after.trouble;
    const held = parts.pause();
    const problem = step.kind === 'failed' ? step.problem : held?.problem;
    const isHopeless = held?.until === Infinity || trouble.failures >= failuresAtMost;
    if (problem !== undefined && isHopeless) return { kind: 'broken-off', job, read, problem };
    const until = Math.max(now() + after.waitMs, step.kind === 'read' ? 0 : (held?.until ?? 0));
    if (until <= now() || job.state !== 'running') continue;
    if (problem !== undefined) told({ at: 'pause', source: job.source, until, problem });
    await sleep(until - now(), signal);
  }
  return job.state === 'running' ? { kind: 'broken-off', job, read } : { kind: 'over', job, read };
}
