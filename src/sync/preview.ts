import type { Communication } from 'fhir/r4.js';
import type { DestinationCheck } from '../destinations/destination.ts';
import type { Held } from '../exchange/delivery.ts';
import { contentDifferences, type Difference } from '../exchange/difference.ts';
import type { Explanation } from '../exchange/explanation.ts';
import { problemKind, type Problem } from '../exchange/problem.ts';
import type { RecordKey } from '../exchange/record-key.ts';
import type { Direction, SourceRecord } from '../exchange/record.ts';
import { floorToGrain, grainMs, hourMs, isoInstant, type Instant, type TimeWindow } from '../exchange/window.ts';
import type { Mapped } from '../mapping/mapping.ts';
import type { Gathering } from './gathering.ts';
import { settledEnd } from './window-plan.ts';

/**
 * What would become of the messages of one window at the EHR. It is for the terminal of whoever asks: unlike any log it
 * holds what the messages say. As JSON it stands as it is.
 */
export interface PreviewReport {
  /** The name of the source. */
  readonly source: string;
  /** The window that was asked for: ISO 8601, UTC, without its end. */
  readonly from: string;
  readonly to: string;
  /** Rows of the vendor's answer. */
  readonly rows: number;
  /** How the EHR would be written to; or why it could not be asked, and then all is `unknown`. */
  readonly ehr: DestinationCheck;
  /** The dialect of the mapping, and why that one. */
  readonly dialect: { readonly name: string; readonly why: string };
  readonly messages: readonly PreviewedMessage[];
  /** Messages of the window beyond the limit: neither mapped nor looked for. */
  readonly more: number;
  /** Rows that are no messages: position 0 is the first row. */
  readonly unreadable: readonly { readonly position: number; readonly problem: Problem }[];
  readonly summary: PreviewSummary;
}

/** How many of `messages` are in each state. */
export interface PreviewSummary {
  readonly create: number;
  readonly update: number;
  readonly unchanged: number;
  /** Changed by somebody else at the EHR, and left so. */
  readonly foreign: number;
  /** What the EHR holds cannot be told. */
  readonly unknown: number;
  readonly skipped: number;
  readonly rejected: number;
  /** Of those with a Communication: how many full validation finds fault with. */
  readonly notValid: number;
  readonly unreadable: number;
}

interface OfMessage {
  readonly key: RecordKey;
  readonly direction: Direction;
  /** What made each element, where that was asked for. */
  readonly explanation?: Explanation;
}

interface Made extends OfMessage {
  /** What would be written. */
  readonly resource: Communication;
  /** What full validation finds wrong with it: an element and what is wrong there. */
  readonly findings: readonly string[];
  /** What the mapping counts, such as `status-unlisted`. */
  readonly counts: readonly string[];
}

interface There extends Made {
  /** `Communication/<id>` at the EHR. */
  readonly reference: string;
  readonly version?: string;
}

export type PreviewedMessage =
  | (Made & { readonly state: 'create' })
  /** Each place that differs: `theirs` is there now, `ours` would be; what stands there on one side only has one. */
  | (There & { readonly state: 'update'; readonly differences: readonly Difference[] })
  | (There & { readonly state: 'unchanged' })
  /** Somebody else changed it at the EHR: it would not be written over. */
  | (There & { readonly state: 'foreign'; readonly differences: readonly Difference[]; readonly problem: Problem })
  | (Made & { readonly state: 'unknown'; readonly problem: Problem })
  /** Nothing would be written. */
  | (OfMessage & { readonly state: 'skipped' | 'rejected'; readonly problem: Problem });

/** One message, and what mapping, validation and EHR say of it. */
export type Looked = { readonly record: SourceRecord; readonly explanation?: Explanation } & (
  | {
      readonly mapped: Extract<Mapped, { kind: 'communication' }>;
      readonly findings: readonly string[];
      readonly held: Held;
    }
  | { readonly mapped: Exclude<Mapped, { kind: 'communication' }> }
);

/** Without a range: the newest hour that is settled. Whole minutes, and nothing after now. */
export function previewWindow(range: TimeWindow | undefined, now: Instant, settleDelayMs: number): TimeWindow {
  if (range === undefined) {
    const to = settledEnd(now, { settleDelayMs });
    return { from: to - hourMs, to };
  }
  const from = floorToGrain(range.from);
  return { from, to: Math.max(from + grainMs, Math.min(floorToGrain(range.to + grainMs - 1), floorToGrain(now))) };
}

/** Pure. */
export function previewReport(
  asked: Pick<PreviewReport, 'source' | 'ehr' | 'dialect'> & { readonly window: TimeWindow },
  answer: Gathering,
  looked: readonly Looked[],
): PreviewReport {
  const { source, window, ehr, dialect } = asked;
  const messages = looked.map(previewed);
  const unreadable = answer.unreadable().map(({ position, problem }) => ({ position, problem }));
  const count = (state: PreviewedMessage['state']): number => messages.filter((each) => each.state === state).length;
  return {
    source,
    from: isoInstant(window.from),
    to: isoInstant(window.to),
    rows: answer.rows(),
    ehr,
    dialect,
    messages,
    more: answer.more(),
    unreadable,
    summary: {
      create: count('create'),
      update: count('update'),
      unchanged: count('unchanged'),
      foreign: count('foreign'),
      unknown: count('unknown'),
      skipped: count('skipped'),
      rejected: count('rejected'),
      notValid: messages.filter((each) => 'findings' in each && each.findings.length > 0).length,
      unreadable: unreadable.length,
    },
  };
}

function previewed(looked: Looked): PreviewedMessage {
  const { record, explanation } = looked;
  const of = { key: record.key, direction: record.direction };
  const explained = explanation === undefined ? {} : { explanation };
  if (!('held' in looked)) return { ...of, state: looked.mapped.kind, problem: looked.mapped.problem, ...explained };
  const { mapped, findings, held } = looked;
  const { resource, counts } = mapped;
  const made = { findings, counts, resource, ...explained };
  switch (held.kind) {
    case 'absent':
      return { ...of, state: 'create', ...made };
    case 'unknown':
      return { ...of, state: 'unknown', problem: held.problem, ...made };
    case 'there': {
      const { reference, version } = held;
      const there = { reference, ...(version === undefined ? {} : { version }) };
      const differences = contentDifferences(resource, held.resource);
      if (differences.length === 0) return { ...of, state: 'unchanged', ...there, ...made };
      const { foreign } = held;
      if (foreign !== undefined) return { ...of, state: 'foreign', ...there, differences, problem: foreign, ...made };
      return { ...of, state: 'update', ...there, differences, ...made };
    }
  }
}

/** Why the EHR as a whole could not tell what it holds; undefined where it could, and where nobody can ask. */
export function ehrFailure({ ehr, messages }: PreviewReport): Problem | undefined {
  if (ehr.kind === 'failed') return ehr.problem;
  if (ehr.cannotBeAsked) return undefined;
  return messages
    .flatMap((message) => (message.state === 'unknown' ? [message.problem] : []))
    .find(({ code }) => problemKind(code).scope === 'destination');
}
