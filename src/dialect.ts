import type { Communication } from 'fhir/r4.js';
import type { TranslateConfig } from './config/config.ts';
import type { Destination, DestinationCheck } from './destinations/destination.ts';
import type { Fault, Judgement } from './exchange/delivery.ts';
import type { Problem, ProblemCode } from './exchange/problem.ts';
import { keySpace } from './exchange/record-key.ts';
import { exampleMessages } from './mapping/examples.ts';
import type { Mapping } from './mapping/mapping.ts';
import { loadedMapping, mappingLayers } from './parts.ts';
import type { Mappings } from './sync/destination-offer.ts';

/** Which dialect is sent, and why, for people. */
export interface ChosenDialect {
  readonly kind: 'chosen';
  readonly dialect: string;
  readonly why: string;
}

export type DialectChoice = ChosenDialect | { readonly kind: 'unknown'; readonly problem: Problem };

/** What the EHR may want instead of the mapping as it is; the element that it refuses there. */
const strict = { dialect: 'r4-strict', element: /^Communication\.medium\b/ };

/**
 * Settles `destination.dialect`: as it is set, or for `auto` by showing the EHR an example and asking what it finds wrong
 * with it. Only what the other dialect would mend decides; nothing is written.
 */
export async function chooseDialect(
  config: TranslateConfig,
  destination: Pick<Destination, 'judge'>,
  signal: AbortSignal,
): Promise<DialectChoice> {
  const { dialect } = config.destination;
  if (dialect !== 'auto') return chosen(dialect, 'destination.dialect says so.');
  const example = exampleIn(config, loadedMapping(config, config.sources[0], 'r4'));
  if (example === undefined) return chosen('r4', 'The mapping makes no Communication of the example to ask with.');
  const judgement = await destination.judge(example, signal);
  switch (judgement.kind) {
    case 'unknown':
      return judgement;
    case 'not-offered':
      return chosen('r4', 'It offers no $validate to ask.');
    case 'accepted':
      return chosen('r4', 'Its $validate accepts an example.');
    case 'refused':
      return refused(config, judgement.faults, destination, signal);
  }
}

/** The same for those who only look: asked once, and the mapping as it is where the EHR does not tell. */
export async function dialectToShow(
  config: TranslateConfig,
  destination: Pick<Destination, 'judge'>,
  ehr: DestinationCheck,
  signal: AbortSignal,
): Promise<{ readonly name: string; readonly why: string }> {
  const choice: DialectChoice =
    ehr.kind === 'failed' && config.destination.dialect === 'auto'
      ? { kind: 'unknown', problem: ehr.problem }
      : await chooseDialect(config, destination, signal);
  if (choice.kind === 'chosen') return { name: choice.dialect, why: choice.why };
  return { name: 'r4', why: `The EHR did not tell which it wants (${choice.problem.code}).` };
}

async function refused(
  config: TranslateConfig,
  faults: readonly Fault[],
  destination: Pick<Destination, 'judge'>,
  signal: AbortSignal,
): Promise<DialectChoice> {
  const other = 'Its $validate refuses an example for another reason.';
  if (!faults.some(mended)) return chosen('r4', other);
  const example = exampleIn(config, loadedMapping(config, config.sources[0], strict.dialect));
  const judgement: Judgement = example === undefined ? { kind: 'accepted' } : await destination.judge(example, signal);
  if (judgement.kind === 'unknown') return judgement;
  if (judgement.kind === 'refused' && judgement.faults.some(mended)) return chosen('r4', other);
  return chosen(strict.dialect, 'Its $validate refuses the code SMSWRIT, which the code systems of R4 lack.');
}

const mended = ({ where }: Fault): boolean => where !== undefined && strict.element.test(where);

const chosen = (dialect: string, why: string): ChosenDialect => ({ kind: 'chosen', dialect, why });

/** A delivered message that is nobody's. */
export function exampleIn(config: TranslateConfig, mapping: Mapping): Communication | undefined {
  const [folder] = mappingLayers(config, 'r4');
  const keys = keySpace(config.mapping.canonicalBase);
  const [record] = exampleMessages(folder, 'delivered', keys, mapping);
  const mapped = record === undefined ? undefined : mapping.map(record);
  return mapped?.kind === 'communication' ? mapped.resource : undefined;
}

/** The mapping of each source in that dialect. Throws `Refused` with every mistake. */
export const mappingsIn = (config: TranslateConfig, dialect: string): ReadonlyMap<string, Mapping> =>
  new Map(config.sources.map((source) => [source.name, loadedMapping(config, source, dialect)]));

/** After so many questions that were answered with nothing of use, the mapping is sent as it is. */
const mostTries = 3;

/**
 * The mappings for what is sent: chosen once, when the EHR is first reached. Every dialect that may be chosen is loaded
 * now, so that a mistake is told at start: throws `Refused`.
 */
export function makeMappings(
  config: TranslateConfig,
  destination: Pick<Destination, 'judge'>,
): (signal: AbortSignal) => Promise<Mappings | Problem> {
  const candidates = config.destination.dialect === 'auto' ? ['r4', strict.dialect] : [config.destination.dialect];
  const loaded = new Map(candidates.map((dialect) => [dialect, mappingsIn(config, dialect)]));
  let tries = 0;
  const made = ({ dialect, why }: ChosenDialect): Mappings => ({
    dialect,
    why,
    bySource: loaded.get(dialect) ?? mappingsIn(config, dialect),
  });
  return async (signal) => {
    const choice = await chooseDialect(config, destination, signal);
    if (choice.kind === 'chosen') return made(choice);
    tries += 1;
    // An EHR that is down or busy is asked again; one whose $validate does not work must not hold messages up.
    const { problem } = choice;
    if (isAwaited(problem) || tries < mostTries) return problem;
    return made(chosen('r4', `Its $validate gave no answer of use (${problem.code}).`));
  };
}

const awaited: readonly ProblemCode[] = ['ehr-unreachable', 'ehr-tls-error', 'ehr-unauthorized', 'ehr-throttled'];

/** 503 says that it is so for a while, any other server error that $validate may be broken. */
const isAwaited = ({ code, httpStatus }: Problem): boolean =>
  awaited.includes(code) || code.startsWith('token-') || httpStatus === 503;
