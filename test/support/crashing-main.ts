import { commandLine } from '../../src/command-line.ts';
import { processIo } from '../../src/process-io.ts';

/**
 * The program, dying by SIGKILL when it reaches a point for the n-th time:
 * `node test/support/crashing-main.ts <point> <n> <command> …`. The point `any` counts every point.
 * Prints nothing of its own; a program that ends by itself never reached it so often.
 */
const [point = '', nth = '', ...args] = process.argv.slice(2);
let times = 0;

process.exitCode = await commandLine(args, {
  ...processIo(),
  reached(name) {
    if (point !== 'any' && name !== point) return;
    times += 1;
    if (times === Number(nth)) process.kill(process.pid, 'SIGKILL');
  },
});
