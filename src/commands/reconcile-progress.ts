import { isoInstant } from '../exchange/window.ts';
import type { ReconcileProgress } from '../sync/reconcile/reconcile-source.ts';
import { printLine, type CommandIo } from './command.ts';

/** A line that is written over is enough ten times a second. */
const everyMs = 100;
const clearLine = '\r\u001B[K';

/**
 * Progress on the standard error of a terminal: one line, written over, and gone at the end. Elsewhere only pauses are
 * told, once each: whoever reads a log must know why nothing happens.
 */
export function progressOn({ stderr, now }: Pick<CommandIo, 'stderr' | 'now'>): {
  readonly show: (progress: ReconcileProgress) => void;
  readonly end: () => void;
} {
  const isTerminal = 'isTTY' in stderr && stderr.isTTY === true;
  let shownAt = -Infinity;
  return {
    show(progress) {
      if (progress.at === 'pause') {
        printLine(stderr, `${isTerminal ? clearLine : ''}${pauseLine(progress.source, progress.until)}`);
      } else if (isTerminal && (progress.at === 'vendor' || now() - shownAt >= everyMs)) {
        shownAt = now();
        stderr.write(`${clearLine}${lineOf(progress)}`);
      }
    },
    end() {
      if (isTerminal) stderr.write(clearLine);
    },
  };
}

const pauseLine = (source: string, until: number): string =>
  `${source}: no more requests to Dialog Health for now; goes on at ${isoInstant(Math.ceil(until / 1000) * 1000)}`;

function lineOf(progress: Exclude<ReconcileProgress, { readonly at: 'pause' }>): string {
  const { source, day, number, days } = progress;
  const doing =
    progress.at === 'vendor' ? 'reading' : `${progress.done} of ${progress.of} messages looked for at the EHR`;
  return `${source}, ${isoInstant(day.from).slice(0, 10)} (day ${number} of ${days}): ${doing}`;
}
