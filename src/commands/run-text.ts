import type { DeliveryReport, ProblemCounts, SourceRunReport } from '../exchange/reports.ts';
import { isProblemCode, problemSentence } from '../exchange/problem.ts';

/** What was read from a source, for people. */
export function sourceLines(source: SourceRunReport): readonly string[] {
  const { name, windows, read, new: added, changed, unchanged, resent, unreadable, problems } = source;
  const again = resent === 0 ? '' : `, ${resent} of them sent again`;
  return [
    `  ${name}: ${windows} windows, ${read} rows read; messages: ${added} new, ${changed} changed, ${unchanged} unchanged${again}; ${unreadable} unreadable rows`,
    ...problemLines(problems),
  ];
}

/** What became of the messages at the EHR, for people. */
export function deliveryLines(delivery: DeliveryReport): readonly string[] {
  const { delivered, pending, waiting, rejected, skipped, problems, counts } = delivery;
  return [
    `  EHR: ${delivered} delivered, ${pending} pending, ${waiting} waiting, ${rejected} rejected, ${skipped} kept out of the chart`,
    ...problemLines(problems),
    ...Object.entries(counts).map(([name, count]) => `    ${count} x ${name} (counted by the mapping)`),
  ];
}

function problemLines(problems: ProblemCounts): readonly string[] {
  return Object.entries(problems).flatMap(([code, count]) =>
    isProblemCode(code) ? [`    ${count} x ${code}: ${problemSentence({ code })}`] : [],
  );
}
