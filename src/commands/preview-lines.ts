import type { Communication } from 'fhir/r4.js';
import { namedByUrl } from '../exchange/difference.ts';
import { problemKind, problemSentence } from '../exchange/problem.ts';
import type { PreviewedMessage, PreviewReport } from '../sync/preview.ts';
import { explanationLines } from './explanation-lines.ts';
import { plain, shown } from './shown.ts';

/** More rows that cannot be read are only counted. */
const mostRows = 20;

/** A preview for a terminal: how it was asked, each message, rows that are none, and how many of each there are. */
export function previewLines(report: PreviewReport): readonly string[] {
  const { source, from, to, rows, ehr, dialect, messages, unreadable } = report;
  return [
    `${source}, ${from} to ${to}: ${numbered(rows, 'row')} read`,
    ...(ehr.kind === 'ready' ? [`EHR: would be written by ${ehr.write}; ${ehr.why}`] : []),
    ...(ehr.kind === 'ready' && ehr.cannotBeAsked
      ? ['EHR: the chart cannot be compared; what is new and what is changed cannot be told apart.']
      : []),
    `Dialect: ${dialect.name}. ${dialect.why}`,
    '',
    ...messages.flatMap((message) => [...linesOf(message), ...whyOf(message), '']),
    ...unreadable
      .slice(0, mostRows)
      .map(({ position, problem }) => `row ${position + 1}: ${problem.code}: ${problemSentence(problem)}`),
    summaryLine(report),
  ].map(plain);
}

type MadeMessage = Extract<PreviewedMessage, { resource: Communication }>;

/** State, message and where it is; below it what would be written, or what differs: there now -> then. */
function linesOf(message: PreviewedMessage): readonly string[] {
  const head = `${message.state}  ${message.direction} ${message.key}`;
  switch (message.state) {
    case 'create':
      return [head, ...elementsOf(message), ...remarksOn(message)];
    case 'update':
      return [
        `${head}  ${whereOf(message)}`,
        ...message.differences.map(({ element, ours, theirs }) => `    ${element}: ${shown(theirs)} -> ${shown(ours)}`),
        ...remarksOn(message),
      ];
    case 'foreign':
      return [
        `${head}  ${whereOf(message)}  ${told(message)}`,
        ...message.differences.map(
          ({ element, ours, theirs }) => `    ${element}: ${shown(theirs)} stays, not ${shown(ours)}`,
        ),
        ...remarksOn(message),
      ];
    case 'unchanged':
      return [`${head}  ${whereOf(message)}`, ...remarksOn(message)];
    case 'unknown':
      return [`${head}  ${told(message)}`, ...elementsOf(message), ...remarksOn(message)];
    case 'skipped':
    case 'rejected':
      return [`${head}  ${told(message)}`];
  }
}

/** What concerns the whole EHR is told once, at the end. */
const told = ({ problem }: Extract<PreviewedMessage, { problem: unknown }>): string =>
  problemKind(problem.code).scope === 'destination' ? problem.code : `${problem.code}: ${problemSentence(problem)}`;

const whereOf = ({ reference, version }: Extract<PreviewedMessage, { reference: string }>): string =>
  version === undefined ? reference : `${reference} version ${version}`;

/**
 * One line for each element, and for each extension: by the name that a difference has too. An explanation has them
 * all, each with what made it.
 */
function elementsOf({ resource, explanation }: MadeMessage): readonly string[] {
  if (explanation !== undefined) return [];
  const { resourceType: _, id: __, extension = [], ...elements } = resource;
  return [
    ...extension.map(({ url, ...value }) => [`extension${namedByUrl(url)}`, value] as const),
    ...Object.entries(elements),
  ].map(([name, value]) => `    ${name}: ${shown(value)}`);
}

const remarksOn = ({ findings, counts }: MadeMessage): readonly string[] => [
  ...findings.map((finding) => `    not valid: ${finding}`),
  ...counts.map((count) => `    counted: ${count}`),
];

/** Without its first line: which message it is stands above it. */
const whyOf = ({ explanation }: PreviewedMessage): readonly string[] =>
  explanation === undefined
    ? []
    : explanationLines(explanation, { values: true })
        .slice(1)
        .map((line) => `  ${line}`);

function summaryLine({ messages, more, summary }: PreviewReport): string {
  const { create, update, unchanged, foreign, unknown, skipped, rejected, notValid, unreadable } = summary;
  const all = messages.length + more;
  const of =
    more === 0
      ? numbered(all, 'message')
      : `${messages.length} of ${numbered(all, 'message')} (all with --limit ${all})`;
  const leftAlone = foreign === 0 ? '' : `, ${foreign} left as somebody changed them`;
  const cannotTell = unknown === 0 ? '' : `, ${unknown} cannot be told`;
  const rows = unreadable === 0 ? '' : `; ${numbered(unreadable, 'row')} cannot be read`;
  return `${of}: ${create} would be created, ${update} updated, ${unchanged} unchanged${leftAlone}${cannotTell}, ${skipped} skipped, ${rejected} rejected; ${notValid} not valid${rows}`;
}

const numbered = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
