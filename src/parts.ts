import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config, DestinationConfig, MappedSource, SourceConfig, TranslateConfig } from './config/config.ts';
import type { Destination } from './destinations/destination.ts';
import { makeAuthorizer } from './destinations/fhir-server/auth/registry.ts';
import { destinationKinds } from './destinations/registry.ts';
import type { PatientPolicy } from './exchange/delivery.ts';
import { keySpace } from './exchange/record-key.ts';
import type { Instant } from './exchange/window.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Layers } from './mapping/layers.ts';
import { authOptions } from './login.ts';
import { loadMapping, type LoadMappingOptions } from './mapping/load-mapping.ts';
import type { Mapping } from './mapping/mapping.ts';
import { tryConnection } from './network/connection.ts';
import { makeDispatcher, type Dispatcher } from './network/dispatcher.ts';
import { Refused } from './refused.ts';
import { sourceKinds } from './sources/registry.ts';
import type { Source } from './sources/source.ts';

/** Each part made from its section of the configuration; with `service.ts`, the only place that knows the kinds. */

const mappingsFolder = fileURLToPath(new URL('../mappings', import.meta.url));

/** The mapping that comes with the program. */
export const packagedMapping = join(mappingsFolder, 'dialog-health');
const dialectsFolder = join(packagedMapping, 'dialects');

/** The dialects that come with the program, beside the mapping as it is. */
export const dialects = (): readonly string[] => readdirSync(dialectsFolder).toSorted();

/** As `destination.dialect` names it; `auto` is the mapping as it is until the EHR says otherwise. */
type Dialect = string;

/**
 * The mapping that comes with the program; over it the dialect; over both the folder of the site's own, if there is
 * one. Throws `Refused` for a dialect that is none.
 */
export function mappingLayers({ mapping: { folder } }: Pick<Config, 'mapping'>, dialect: Dialect): Layers {
  const asItIs = dialect === 'auto' || dialect === 'r4';
  if (!asItIs && !dialects().includes(dialect)) {
    const known = ['auto', 'r4', ...dialects()];
    throw new Refused(`destination.dialect: "${dialect}" is no dialect. There are: ${known.join(', ')}.`);
  }
  const own = isAbsolute(folder) || folder.startsWith('.') ? resolve(folder) : join(mappingsFolder, folder);
  return [
    packagedMapping,
    ...(asItIs ? [] : [join(dialectsFolder, dialect)]),
    ...(own === packagedMapping ? [] : [own]),
  ];
}

/** What a mapping is loaded with; each console has identifiers of its own for persons. */
function mappingOptions(config: TranslateConfig, source: MappedSource, dialect: Dialect): LoadMappingOptions {
  const { canonicalBase, region, organization, profile, narrative, labels } = config.mapping;
  const { reference, from, system } = { ...config.patient, ...source.patient };
  return {
    layers: mappingLayers(config, dialect),
    fields: sourceKinds['dialog-health'].fields,
    keys: keySpace(canonicalBase),
    settings: {
      canonicalBase,
      region,
      source: `${canonicalBase}/sid/dialog-health-writeback-api`,
      organization,
      patient: {
        reference,
        from,
        system: system === '' ? `${canonicalBase}/sid/sms-person-id/${source.console}` : system,
      },
      profile,
      narrative,
      labels,
    },
  };
}

/** Throws `Refused` with every mistake of the mapping, each with file and line. */
export function loadedMapping(
  config: TranslateConfig,
  source: MappedSource,
  dialect: Dialect = config.destination.dialect,
): Mapping {
  const loaded = loadMapping(mappingOptions(config, source, dialect));
  if (loaded.kind === 'loaded') return loaded.mapping;
  const lines = loaded.problems.map(
    ({ file, line, column, element, message }) => `  ${file}:${line}:${column} ${element}: ${message}`,
  );
  throw new Refused(`The mapping is not usable. Nothing was started.\n${lines.join('\n')}`);
}

export interface SourceSurroundings {
  readonly mapping: Mapping;
  readonly canonicalBase: string;
  /** Of `mapping.keySecret`; without it rows that have no id are set apart. */
  readonly keySecret?: string;
  readonly budget: Pick<Ledger['budget'], 'spend' | 'learned'>;
  readonly now: () => Instant;
  /** Rows have so many fields that nobody knows. */
  readonly unlisted?: (fields: number) => void;
}

export function makeSource(config: SourceConfig, surroundings: SourceSurroundings): Source {
  const { mapping, canonicalBase, budget, now, keySecret = '', unlisted = () => {} } = surroundings;
  const { name, requestsPerHour } = config;
  return sourceKinds[config.kind].make({
    name,
    url: config.url,
    console: config.console,
    username: config.username,
    password: () => config.password.reveal(),
    method: config.method,
    timestampFormat: config.timestampFormat,
    maxResponseBytes: config.maxResponseBytes,
    timeoutMs: config.timeout,
    dispatcher: dispatcherOf(config, `sources ${name}`),
    keys: keySpace(canonicalBase),
    keySecret,
    stageOf: mapping.stageOf,
    now,
    unlisted,
    async spend(share) {
      const most = await budget.learned(name, requestsPerHour, now());
      const spent = await budget.spend(name, Math.max(1, Math.floor(most * share)), now());
      return spent.granted ? undefined : { code: 'budget-exhausted', retryAfterMs: spent.freeAt - now() };
    },
  });
}

/** By the name of the source: how its messages name their Patients at the EHR. */
export function patientPolicies({
  sources,
  patient,
}: Pick<Config, 'sources' | 'patient'>): ReadonlyMap<string, PatientPolicy> {
  return new Map(
    sources.map(({ name, patient: own }) => {
      const { reference, missing, verify, maxWait } = { ...patient, ...own };
      return [name, { reference, missing, verify, maxWaitMs: maxWait }];
    }),
  );
}

export function makeDestination(
  whole: Pick<Config, 'destination' | 'sources' | 'patient'>,
  now: () => Instant,
  reached: (point: string) => void = () => {},
): Destination {
  const config = whole.destination;
  switch (config.kind) {
    case 'fhir-server':
      return makeFhirDestination(whole, now);
    case 'bundle-files': {
      const { kind, folder, bundle } = config;
      return destinationKinds[kind]({ name: kind, folder: resolve(folder), bundle, now, reached });
    }
    case 'bundle-http':
      return makeListener(config, now);
  }
}

function makeListener(config: DestinationConfig, now: () => Instant): Destination {
  const { url, bundle, timeout: timeoutMs, proxy, tls } = config;
  const dispatcher = dispatcherOf(config, 'destination');
  const surroundings = { base: url, dispatcher, timeoutMs, now, newId: randomUUID };
  return destinationKinds['bundle-http']({
    name: config.kind,
    url,
    login: makeAuthorizer(authOptions(config), surroundings),
    dispatcher,
    connect: proxy === '' ? (signal) => tryConnection(url, { tls }, signal) : undefined,
    bundle,
    timeoutMs,
    now,
  });
}

function makeFhirDestination(
  whole: Pick<Config, 'destination' | 'sources' | 'patient'>,
  now: () => Instant,
): Destination {
  const config = whole.destination;
  return destinationKinds['fhir-server']({
    name: config.kind,
    url: config.url,
    auth: authOptions(config),
    dispatcher: dispatcherOf(config, 'destination'),
    write: config.write,
    bundle: config.bundle,
    timeoutMs: config.timeout,
    assume: config.assume,
    acceptUnsuitable: config.acceptUnsuitable,
    patients: [...patientPolicies(whole).values()],
    now,
  });
}

/** How the other side is reached: proxy, private CA, client certificate. Throws `Refused` for files that are none. */
function dispatcherOf({ proxy, tls }: Pick<SourceConfig, 'proxy' | 'tls'>, section: string): Dispatcher {
  try {
    return makeDispatcher({ proxy, noProxy: process.env['NO_PROXY'] ?? '', tls });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new Refused(`${section}: proxy or a file of tls cannot be used${code}. Name PEM files that can be read.`);
  }
}
