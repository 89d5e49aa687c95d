// Adds up what the steps of `run` left in a folder: NAME.code (exit code, seconds) and, from vitest, NAME.json.
// A step that failed counts as one failed test at least, however early it died; the demo counts as one test.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2] ?? '.';
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.code'))
  .map((file) => file.slice(0, -'.code'.length));

const steps = names.map((name) => {
  const [code, seconds] = readFileSync(join(folder, `${name}.code`), 'utf8')
    .split(' ')
    .map(Number);
  const report = join(folder, `${name}.json`);
  const tests = existsSync(report) ? countsOf(JSON.parse(readFileSync(report, 'utf8'))) : noReport(name);
  return code === 0 || tests.failed > 0 ? { name, seconds, ...tests } : { name, seconds, ...tests, failed: 1 };
});

/** @param {Record<string, number>} report of vitest */
function countsOf({ numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 }) {
  return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests };
}

/** @param {string} name */
function noReport(name) {
  return { passed: name === 'demo' ? 1 : 0, failed: 0, skipped: 0 };
}

const sum = { passed: 0, failed: 0, skipped: 0 };
for (const { name, seconds, passed, failed, skipped } of steps) {
  process.stdout.write(`${name}: ${seconds} s, ${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  sum.passed += passed;
  sum.failed += failed;
  sum.skipped += skipped;
}
process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
process.stdout.write(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped\n`);
