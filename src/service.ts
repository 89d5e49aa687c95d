import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openAuditLog, type AuditLog } from './audit/audit-log.ts';
import type { Config } from './config/config.ts';
import { destinationKinds } from './destinations/registry.ts';
import { problemSentence } from './exchange/problem.ts';
import { keySpace, type KeySpace } from './exchange/record-key.ts';
import type { Reading } from './exchange/record.ts';
import type { Instant } from './exchange/window.ts';
import { makeApp } from './http/app.ts';
import { listen, type Listening } from './http/listen.ts';
import type { Operations } from './http/operations.ts';
import { verifyPassword } from './http/password-hash.ts';
import { LedgerRefused, type Ledger, type LedgerAccess } from './ledger/ledger.ts';
import { openLedger } from './ledger/open-ledger.ts';
import { loadMapping } from './mapping/load-mapping.ts';
import type { Mapping } from './mapping/mapping.ts';
import { makeDispatcher } from './network/dispatcher.ts';
import { sourceKinds } from './sources/registry.ts';
import { makeDeliveryLoop, type DeliveryLoop } from './sync/delivery.ts';
import type { Reached } from './sync/intake.ts';
import { statusReport } from './sync/status.ts';
import { makeRuns, type Runs, type ScheduledSource } from './sync/sync-run.ts';
import { translationOf } from './sync/translation.ts';
import { inProcessWakeUps } from './sync/wake-ups/in-process.ts';
import { version } from './version.ts';

/** How long SIGTERM waits for what is on its way to the EHR; orchestrators kill after 30 s. */
const graceMs = 20_000;
const mappingsFolder = fileURLToPath(new URL('../mappings', import.meta.url));

export interface ServiceOptions {
  readonly now: () => Instant;
  readonly access: LedgerAccess;
  /** The stream of the audit log. */
  readonly log: 'stdout' | 'stderr';
  /** Does nothing but in tests, which die at the n-th point. */
  readonly reached?: Reached;
}

/** The parts, put together. */
export interface Service {
  readonly ledger: Ledger;
  readonly delivery: DeliveryLoop;
  readonly runs: Runs;
  readonly operations: Operations;
  readonly audit: AuditLog;
  /**
   * Asks the EHR what it offers, and throws `Refused` when it was reached and cannot be written to without doubling.
   * An EHR that cannot be reached is no error: reading goes on, delivery comes back to it.
   */
  checkDestination(): Promise<void>;
  /** HTTP, schedules, delivery, and one run now. Gives the port HTTP listens on. */
  serve(): Promise<number>;
  /** Ends in order; what could not be finished is handed back to the ledger. Gives how many records that were. */
  stop(): Promise<number>;
}

/** The service cannot start as it is configured; the message says what is wrong, where, and what to do. */
export class Refused extends Error {
  override name = 'Refused';
}

/** The composition root: configuration in, parts out. The one file that knows every concrete kind. */
export async function openService(config: Config, options: ServiceOptions): Promise<Service> {
  const { now, access, reached = () => {} } = options;
  const startedAt = now();
  const keys = keySpace(config.mapping.canonicalBase);
  const mappings = new Map(config.sources.map((source) => [source.name, loadedMapping(config, source, keys)]));
  const audit = openAuditLog({ level: config.log.level, stream: options.log, now });
  const ledger = await openLedger({
    url: config.ledger.url,
    access,
    encryptionKey: config.ledger.encryptionKey.reveal(),
    now,
  });
  if (access === 'owner') await keepIdentity(ledger, config.mapping.canonicalBase);

  const destination = makeDestination(config.destination, now);
  const delivery = makeDeliveryLoop({
    ledger,
    destination,
    mappings,
    audit,
    now,
    sleep,
    random: Math.random,
    reached,
    batch: config.destination.bundle.maxEntries,
    concurrency: config.destination.concurrency,
    patientMaxWaitMs: config.patient.maxWait,
  });
  const sources = config.sources.map((source) => scheduledSource(source, { keys, ledger, mappings, now }));
  const runs = makeRuns({ ledger, sources, delivery, audit, now, newId: randomUUID, random: Math.random, reached });
  const wakeUps = inProcessWakeUps(
    config.sources.map(({ name, schedule, timezone }) => ({ source: name, expression: schedule, timezone })),
    (source) => start({ trigger: 'schedule', source }),
  );
  const translator = makeTranslator(config);
  let http: Listening | undefined;
  let stopping: Promise<number> | undefined;

  /** A run nobody waits for. */
  function start(request: Parameters<Runs['start']>[0]): void {
    runs
      .start(request)
      .then((started) => (started.kind === 'started' ? started.finished : undefined))
      .catch((error: unknown) => audit({ event: 'service_failed', ...kindOf(error) }));
  }

  const operations: Operations = {
    live: () => true,
    async ready() {
      if (stopping !== undefined) return false;
      return ledger.ping().then(
        () => true,
        () => false,
      );
    },
    status: () =>
      statusReport({
        version,
        ledger,
        now,
        sources: config.sources,
        destination: destination.name,
        ...(access === 'owner'
          ? {
              live: {
                startedAt,
                runningId: runs.runningId,
                pauseOf: runs.pauseOf,
                nextRun: wakeUps.next,
                delivery: delivery.state,
              },
            }
          : {}),
      }),
    async startRun({ from, to, ...request }, asker) {
      const range = from === undefined || to === undefined ? {} : { range: { from, to } };
      const started = await runs.start({ trigger: 'api', ...request, ...range, ...asker });
      if (started.kind !== 'started') return started;
      started.finished.catch((error: unknown) => audit({ event: 'service_failed', ...kindOf(error) }));
      return { kind: 'started', id: started.id };
    },
    run: ledger.runs.get,
    runs: ledger.runs.list,
    records: ledger.messages.list,
    async record(key) {
      return (await ledger.messages.list({ key }, { limit: 1 })).items[0];
    },
    async release(filter, { user, requestId }) {
      const count = await ledger.messages.release(filter, now());
      audit({ event: 'records_released', count, code: filter.code ?? null, user, requestId });
      delivery.wake();
      return count;
    },
    windows: ledger.coverage.windows,
    translate: (body) => translator([Buffer.from(body)]),
  };

  return {
    ledger,
    delivery,
    runs,
    operations,
    audit,
    async checkDestination() {
      const check = await destination.check(AbortSignal.timeout(config.destination.timeout));
      if (check.kind === 'failed' && check.problem.code === 'ehr-unsuitable') {
        throw new Refused(`${problemSentence(check.problem)}\n  ${config.destination.url}: ${check.why}`);
      }
    },
    async serve() {
      const interrupted = await ledger.runs.closeInterrupted(now());
      if (interrupted > 0) audit({ event: 'runs_interrupted', count: interrupted });
      const { host, port, tls, users } = config.http;
      const app = makeApp(operations, {
        users: users.map((user) => ({ ...user, passwordHash: user.passwordHash.reveal() })),
        verify: verifyPassword,
        audit,
        randomId: randomUUID,
        now,
      });
      http = await listen(app, { host, port, tls });
      audit({ event: 'service_started', version, sources: [...mappings.keys()], destination: destination.name });
      audit({ event: 'http_listening', host, port: http.port });
      delivery.start();
      wakeUps.start();
      start({ trigger: 'startup' });
      return http.port;
    },
    stop() {
      stopping ??= stopInOrder();
      return stopping;
    },
  };

  async function stopInOrder(): Promise<number> {
    await wakeUps.stop();
    const reading = runs.stop();
    await delivery.stop(graceMs);
    await reading;
    await http?.close(1_000);
    const handedBack = access === 'owner' ? (await ledger.messages.counts()).delivering : 0;
    await destination.close();
    await ledger.close();
    return handedBack;
  }
}

/** Another canonical base makes other keys: every message would arrive a second time. */
async function keepIdentity(ledger: Ledger, canonicalBase: string): Promise<void> {
  const kept = await ledger.keepCanonicalBase(canonicalBase);
  if (kept === canonicalBase) return;
  await ledger.close();
  throw new LedgerRefused(
    'other-canonical-base',
    `mapping.canonicalBase is ${canonicalBase}, but this ledger was made with ${kept}. Another base would write every message a second time. Set it back, or start with an empty ledger and an empty EHR.`,
  );
}

interface SourceSurroundings {
  readonly keys: KeySpace;
  readonly ledger: Ledger;
  readonly mappings: ReadonlyMap<string, Mapping>;
  readonly now: () => Instant;
}

function scheduledSource(config: SourceConfig, { keys, ledger, mappings, now }: SourceSurroundings): ScheduledSource {
  const { name, requestsPerHour } = config;
  const mapping = mappings.get(name);
  if (mapping === undefined) throw new Error(`source ${name} has no mapping`);
  const source = sourceKinds[config.kind].make({
    name,
    url: config.url,
    console: config.console,
    username: config.username,
    password: () => config.password.reveal(),
    method: config.method,
    timestampFormat: config.timestampFormat,
    maxResponseBytes: config.maxResponseBytes,
    timeoutMs: config.timeout,
    dispatcher: dispatcherOf(config),
    keys,
    stageOf: mapping.stageOf,
    now,
    async spend() {
      const spent = await ledger.budget.spend(name, requestsPerHour, now());
      return spent.granted ? undefined : { code: 'budget-exhausted', retryAfterMs: spent.freeAt - now() };
    },
  });
  const { startAt, settleDelay, lateness } = config;
  const { longestWindowMs } = source;
  return { source, limits: { startAt, settleDelayMs: settleDelay, latenessMs: lateness, longestWindowMs } };
}

function makeDestination(config: Config['destination'], now: () => Instant): Destination {
  return destinationKinds[config.kind]({
    name: config.kind,
    url: config.url,
    auth: config.auth,
    dispatcher: dispatcherOf(config),
    write: config.write,
    bundle: config.bundle,
    concurrency: config.concurrency,
    timeoutMs: config.timeout,
    assume: config.assume,
    acceptUnsuitable: config.acceptUnsuitable,
    now,
  });
}

/** How the other side is reached: proxy, private CA, client certificate. */
function dispatcherOf(config: { readonly proxy: string; readonly tls: SourceConfig['tls'] }) {
  return makeDispatcher({ proxy: config.proxy, noProxy: process.env['NO_PROXY'] ?? '', tls: config.tls });
}

/** The mapping for one source: each console has person identifiers of its own. */
function loadedMapping(config: Config, source: MappedSource, keys: KeySpace): Mapping {
  const { canonicalBase, folder, region, organization } = config.mapping;
  const patient = { ...config.patient, ...source.patient };
  const loaded = loadMapping({
    folder: isAbsolute(folder) || folder.startsWith('.') ? resolve(folder) : join(mappingsFolder, folder),
    fields: sourceKinds['dialog-health'].fields,
    keys,
    settings: {
      canonicalBase,
      region,
      source: `${canonicalBase}/sid/dialog-health-writeback-api`,
      organization,
      patient: {
        reference: patient.reference,
        from: patient.from,
        system: patient.system === '' ? `${canonicalBase}/sid/sms-person-id/${source.console}` : patient.system,
      },
    },
  });
  if (loaded.kind === 'loaded') return loaded.mapping;
  const lines = loaded.problems.map(
    ({ file, line, column, element, message }) => `  ${file}:${line}:${column} ${element}: ${message}`,
  );
  throw new Refused(`The mapping is not usable. Nothing was started.\n${lines.join('\n')}`);
}

/** A vendor answer in, a FHIR Bundle out, by the mapping of the first source: no ledger, no network. */
export function makeTranslator(config: TranslateConfig): (chunks: Chunks) => Promise<TranslateAnswer> {
  const [source] = config.sources;
  const keys = keySpace(config.mapping.canonicalBase);
  const mapping = loadedMapping(config, source, keys);
  const context = { source: source.name, keys, stageOf: mapping.stageOf };
  return async (chunks) => {
    const readings: Reading[] = [];
    const outcome = await readVendorAnswer(toAsync(chunks), Infinity, context, (batch) => {
      readings.push(...batch);
      return Promise.resolve();
    });
    if (outcome.kind === 'failed') return { kind: 'not-an-answer', problem: { code: outcome.code } };
    return { kind: 'translated', translation: translationOf(readings, mapping) };
  };
}

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

async function* toAsync(chunks: Chunks): AsyncIterable<Uint8Array> {
  yield* chunks;
}
