import { problemSentence } from '../exchange/problem.ts';
import type { BackfillView } from '../exchange/reports.ts';
import { isoInstant } from '../exchange/window.ts';
import type { BackfillProgress } from '../sync/read-to-end.ts';
import { printLine, type CommandIo } from './command.ts';

const clearLine = '\r\u001B[K';

/**
 * Progress on the standard error of a terminal: one line, written over, and gone at the end. Elsewhere only pauses are
 * told: whoever reads a log must know why nothing happens.
 */
export function backfillProgressOn({ stderr }: Pick<CommandIo, 'stderr'>): {
  readonly show: (progress: BackfillProgress) => void;
  readonly end: () => void;
} {
  const isTerminal = 'isTTY' in stderr && stderr.isTTY === true;
  return {
    show(progress) {
      if (progress.at === 'pause') {
        const { source, until, problem } = progress;
        const goesOn = isoInstant(Math.ceil(until / 1000) * 1000);
        printLine(
          stderr,
          `${isTerminal ? clearLine : ''}${source}: ${problemSentence(problem)} Waits until ${goesOn}.`,
        );
      } else if (isTerminal) {
        stderr.write(`${clearLine}${progressLine(progress.job)}`);
      }
    },
    end() {
      if (isTerminal) stderr.write(clearLine);
    },
  };
}

function progressLine({ source, percent, windows, rows, forecast }: BackfillView): string {
  const done = `${source}: ${percent} %, ${windows} windows, ${rows} rows`;
  return forecast === null ? done : `${done}; left: ${forecastText(forecast)}`;
}

export const forecastText = ({ requests, hours }: NonNullable<BackfillView['forecast']>): string =>
  `${requests} requests, ${hours} h at this budget`;
