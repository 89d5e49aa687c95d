import type { Config, SourceConfig } from './config/config.ts';
import type { Destination, DestinationCheck } from './destinations/destination.ts';
import { chooseDialect, exampleIn } from './dialect.ts';
import { problemSentence } from './exchange/problem.ts';
import { floorToGrain, minuteMs, type Instant } from './exchange/window.ts';
import { ledgerBeside, unbooked } from './ledger-beside.ts';
import { LedgerRefused, type Ledger } from './ledger/ledger.ts';
import { checkExamples, layersWithExamples } from './mapping/examples.ts';
import { uncoveredByExamples } from './mapping/uncovered.ts';
import { loadedMapping, makeDestination, makeSource, mappingLayers, type SourceSurroundings } from './parts.ts';
import { validateExamples } from './site-validation.ts';
import { deliverBy } from './sync/final-only.ts';
import { sourceKinds } from './sources/registry.ts';

/** One part that was tried: what was found, and where it fails, what to do. */
export interface CheckLine {
  readonly part: string;
  readonly good: boolean;
  readonly says: string;
}

/**
 * Tries each part that the configuration names: mapping and its examples, ledger, one request to each vendor (booked in
 * the budget), the EHR's capabilities. Writes nothing to the EHR and no message to the ledger; works beside a running
 * service. Throws `Refused` when the mapping cannot be loaded.
 */
export async function* selfCheck(config: Config, now: () => Instant): AsyncIterable<CheckLine> {
  const sources = config.sources.map((section) => ({ section, mapping: loadedMapping(config, section) }));
  yield await mappingLine(config);
  const ledger = await tryLedger(config, now);
  try {
    yield ledger.line;
    for (const { section, mapping } of sources) {
      const { canonicalBase } = config.mapping;
      yield await sourceLine(section, { mapping, canonicalBase, budget: ledger.budget, now });
    }
  } finally {
    await ledger.close();
  }
  yield* destinationLines(config, now);
}

async function mappingLine(config: Config): Promise<CheckLine> {
  const all = mappingLayers(config, config.destination.dialect);
  const layers = layersWithExamples(all);
  const part = `mapping ${all.join(' < ')}`;
  const { fields } = sourceKinds['dialog-health'];
  const { examples, differences } = checkExamples({ layers, fields });
  if (differences.length > 0) {
    const listed = differences.map(({ example, element, message }) => `  ${example}: ${element}: ${message}`);
    const says = `${counted(differences.length, 'difference')} in ${counted(examples, 'example')}. Correct the mapping or the examples:`;
    return { part, good: false, says: [says, ...listed].join('\n') };
  }
  const mapping = loadedMapping(config, config.sources[0]);
  const { communications, faults } = await validateExamples(mapping, all, config.mapping.canonicalBase);
  if (faults.length > 0) {
    const says = `${counted(faults.length, 'fault')} in the Communications of the examples, by full validation. Correct the mapping:`;
    return {
      part,
      good: false,
      says: [says, ...faults.map(({ example, fault }) => `  ${example}: ${fault}`)].join('\n'),
    };
  }
  const without =
    layers.length === all.length ? '' : `; ${all.at(-1)} has no examples, and those below it prove nothing of it`;
  const right = `${counted(examples, 'example')} ${examples === 1 ? 'gives what it' : 'give what they'} should`;
  const valid = `${communications} Communications, of all examples by your settings, are valid FHIR R4`;
  const unproved = uncoveredByExamples({ layers: all, fields }).map(
    ({ place, message }) => `\n  ${place.file}:${place.line} ${message}`,
  );
  const lacks = unproved.length === 0 ? '' : `. Not yet proved by an example:${unproved.join('')}`;
  return { part, good: true, says: `loaded; ${right}${without}; ${valid}${lacks}` };
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

interface TriedLedger {
  readonly line: CheckLine;
  readonly budget: Pick<Ledger['budget'], 'spend' | 'learned'>;
  close(): Promise<void>;
}

async function tryLedger(config: Config, now: () => Instant): Promise<TriedLedger> {
  const part = 'ledger';
  const none = { budget: unbooked, close: () => Promise.resolve() };
  try {
    const ledger = await ledgerBeside(config, now);
    if (ledger === undefined) {
      return { line: { part, good: true, says: 'is not there yet; the first run makes it' }, ...none };
    }
    await ledger.ping();
    const line = { part, good: true, says: 'can be written' };
    return { line, budget: ledger.budget, close: () => ledger.close() };
  } catch (error) {
    if (!(error instanceof LedgerRefused)) throw error;
    return { line: { part, good: false, says: error.message }, ...none };
  }
}

/** The minute that has just passed: the smallest question the vendor answers. */
async function sourceLine(section: SourceConfig, surroundings: SourceSurroundings): Promise<CheckLine> {
  const source = makeSource(section, surroundings);
  const to = floorToGrain(surroundings.now());
  let rows = 0;
  const outcome = await source.read(
    { from: to - minuteMs, to },
    (readings) => {
      rows += readings.length;
      return Promise.resolve();
    },
    AbortSignal.timeout(section.timeout),
  );
  const part = `source ${section.name}`;
  if (outcome.kind === 'complete') {
    return { part, good: true, says: `login and console are accepted (${rows} rows in the last minute)` };
  }
  const proxy = section.proxy === '' ? '' : ` Asked through the proxy ${new URL(section.proxy).host}.`;
  return { part, good: false, says: `${outcome.problem.code}: ${problemSentence(outcome.problem)}${proxy}` };
}

const partOf = { 'fhir-server': 'EHR', 'bundle-files': 'folder', 'bundle-http': 'listener' } as const;

async function* destinationLines(config: Config, now: () => Instant): AsyncIterable<CheckLine> {
  const destination = makeDestination(config, now);
  try {
    const check = await destination.check(AbortSignal.timeout(config.destination.timeout));
    const part = partOf[config.destination.kind];
    if (check.kind === 'failed') {
      const { kind, proxy } = config.destination;
      const asked = proxy === '' || kind === 'bundle-files' ? '' : ` Asked through the proxy ${new URL(proxy).host}.`;
      const says = `${check.problem.code}: ${problemSentence(check.problem)} ${check.why}${asked}`;
      yield { part, good: false, says };
      yield* scopesLine(check);
      return;
    }
    yield { part, good: true, says: `writes by ${check.write}, Bundles: ${check.bundle}. ${check.why}` };
    if (deliverBy(config.destination.deliver, check) === 'final') {
      yield {
        part,
        good: true,
        says: 'each message is sent once its status is final, or sources[].lateness after it was sent',
      };
    }
    yield* scopesLine(check);
    yield await dialectLine(config, destination);
  } finally {
    await destination.close();
  }
}

/** What the login has to be granted, where it goes by scopes, and what of it the token endpoint did not grant. */
function* scopesLine({ scopes }: DestinationCheck): Iterable<CheckLine> {
  if (scopes === undefined) return;
  const { v1, v2, lacking } = scopes;
  const least = `the least for this way of writing: ${v2} (SMART v2), or ${v1} (v1)`;
  const says = lacking === undefined ? least : `the login lacks ${lacking}. Have it granted; ${least}`;
  yield { part: 'scopes', good: lacking === undefined, says };
}

/** Which dialect is sent; and where the EHR validates, whether it accepts an example made in it. */
async function dialectLine(config: Config, destination: Destination): Promise<CheckLine> {
  const part = 'dialect';
  const signal = AbortSignal.timeout(config.destination.timeout);
  const choice = await chooseDialect(config, destination, signal);
  if (choice.kind === 'unknown')
    return { part, good: false, says: `cannot be told: ${problemSentence(choice.problem)}` };
  const { dialect, why } = choice;
  const example = exampleIn(config, loadedMapping(config, config.sources[0], dialect));
  const judgement = example === undefined ? undefined : await destination.judge(example, signal);
  const says = `${dialect}. ${why}`;
  if (judgement?.kind !== 'refused') return { part, good: true, says };
  const faults = judgement.faults.map(({ where, issue }) => `${where ?? 'somewhere'} (${issue ?? 'no code'})`);
  const cure =
    dialect === 'r4' && faults.some((fault) => fault.includes('.medium'))
      ? 'set destination.dialect to r4-strict, or auto'
      : 'ask the team of the EHR, or lay a mapping of your own over it';
  return {
    part,
    good: true,
    says: `${says} Its $validate still refuses ${faults.join(', ')}: ${cure}, if it holds writes against that.`,
  };
}
