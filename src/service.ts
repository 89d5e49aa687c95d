import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleepFor } from 'node:timers/promises';
import { openAuditLog, type AuditLog } from './audit/audit-log.ts';
import type { Config } from './config/config.ts';
import { makeMappings, mappingsIn } from './dialect.ts';
import { problemSentence } from './exchange/problem.ts';
import { dayMs, type Instant } from './exchange/window.ts';
import { makeApp } from './http/app.ts';
import { jwksListener } from './http/jwks.ts';
import { listen, type ListenOptions, type Listening } from './http/listen.ts';
import type { Operations } from './http/operations.ts';
import { verifyPassword } from './http/password-hash.ts';
import type { Ledger, LedgerAccess } from './ledger/ledger.ts';
import { operationsOf } from './operations.ts';
import { ownLedger } from './own-ledger.ts';
import { publicKeysNow } from './login.ts';
import { makeDestination, patientPolicies } from './parts.ts';
import { Refused } from './refused.ts';
import { scheduledSources } from './scheduled-sources.ts';
import { codeOf, makeDeliveryLoop, nameOf, type DeliveryLoop } from './sync/delivery.ts';
import { makeBackfillLoop, type BackfillLoop } from './sync/backfill.ts';
import { makeBackfillJobs, type BackfillJobs } from './sync/backfill-jobs.ts';
import { readBackEveryMs } from './sync/read-back.ts';
import type { Reached } from './sync/reached.ts';
import { makeRuns, type Runs, type StartRun } from './sync/sync-run.ts';
import { makeVendorClocks } from './sync/vendor-clock.ts';
import { inProcessWakeUps } from './sync/wake-ups/in-process.ts';
import { version } from './version.ts';

/** How long SIGTERM waits for what is on its way to the EHR; orchestrators kill after 30 s. */
const graceMs = 20_000;
/** An EHR that does not answer for so long is unreachable at start; delivery comes back to it. */
const firstCheckMs = 10_000;

/** Several Bundles that an EHR takes quickly are settled together: each time waits for the disk. */
const settleWithinMs = 100;

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
  readonly backfills: BackfillLoop;
  readonly jobs: BackfillJobs;
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

/** The composition root: configuration in, parts out. Throws `Refused` and `LedgerRefused`. */
export async function openService(config: Config, options: ServiceOptions): Promise<Service> {
  const { now, access, log, reached = () => {} } = options;
  const startedAt = now();
  const mappings = mappingsIn(config, config.destination.dialect);
  const destination = makeDestination(config, now, reached);
  const mappingsForEhr = makeMappings(config, destination);
  const audit = openAuditLog({ level: config.log.level, stream: log, now });
  const keySecret = config.mapping.keySecret.reveal();
  const ledger = await ownLedger(config, keySecret, access, now);
  const interrupted = access === 'owner' ? await ledger.runs.closeInterrupted(now()) : 0;
  if (interrupted > 0) audit({ event: 'runs_interrupted', count: interrupted });
  const delivery = makeDeliveryLoop({
    ledger,
    destination,
    mappings: mappingsForEhr,
    audit,
    now,
    sleep,
    random: Math.random,
    reached,
    batch: config.destination.bundle.maxEntries,
    concurrency: config.destination.concurrency,
    patients: patientPolicies(config),
    patientMaxWaitMs: config.patient.maxWait,
    settleWithinMs,
    readBackEveryMs,
    deliver: config.destination.deliver,
    latenessMs: new Map(config.sources.map(({ name: source, lateness }) => [source, lateness])),
  });
  const clocks = makeVendorClocks(audit, now);
  const sources = scheduledSources(config, { keySecret, mappings, ledger, clocks, audit, now });
  const runs = makeRuns({
    ledger,
    sources,
    delivery,
    audit,
    now,
    newId: randomUUID,
    random: Math.random,
    reached,
    maxBacklog: config.destination.maxBacklog,
  });
  const wakeUps = inProcessWakeUps(
    config.sources.map(({ name, schedule, timezone }) => ({ source: name, expression: schedule, timezone })),
    (source) => start({ trigger: 'schedule', source }),
  );
  const backfills = makeBackfillLoop({
    ledger,
    sources: sources.map(({ source }) => source.name),
    readOne: runs.readBackfill,
    heldUntil: (source) => runs.pauseOf(source)?.until,
    now,
    sleep,
    random: Math.random,
  });
  const jobs = makeBackfillJobs({
    ledger,
    sources: sources.map(({ source: { name }, limits }) => ({ name, limits })),
    audit,
    now,
    newId: randomUUID,
    wake: backfills.wake,
  });
  let http: Listening | undefined;
  let jwks: Listening | undefined;
  let housekeeping: NodeJS.Timeout | undefined;
  let stopping: Promise<number> | undefined;

  const failed = (error: unknown): void =>
    audit({ event: 'service_failed', errorName: nameOf(error), errorCode: codeOf(error) });

  /** A run nobody waits for. */
  function start(request: StartRun): void {
    runs
      .start(request)
      .then((started) => (started.kind === 'started' ? started.finished : undefined))
      .catch(failed);
  }

  const operations = operationsOf(config, {
    ledger,
    delivery,
    runs,
    jobs,
    sources,
    clocks,
    wakeUps,
    destination,
    mapping: mappings.get(config.sources[0].name),
    audit,
    now,
    failed,
    startedAt: access === 'owner' ? startedAt : undefined,
    stopping: () => stopping !== undefined,
  });

  async function stopInOrder(): Promise<number> {
    clearInterval(housekeeping);
    await wakeUps.stop();
    const reading = Promise.all([runs.stop(), backfills.stop()]);
    await delivery.stop(graceMs);
    await reading;
    await Promise.all([http?.close(1_000), jwks?.close(1_000)]);
    const handedBack = access === 'owner' ? (await ledger.messages.counts()).delivering : 0;
    await destination.close();
    await ledger.close();
    return handedBack;
  }

  return {
    ledger,
    delivery,
    runs,
    backfills,
    jobs,
    operations,
    audit,
    async checkDestination() {
      const check = await destination.check(AbortSignal.timeout(Math.min(config.destination.timeout, firstCheckMs)));
      if (check.kind === 'failed' && check.problem.code === 'ehr-unsuitable') {
        throw new Refused(`destination: ${problemSentence(check.problem)}\n  ${config.destination.url}: ${check.why}`);
      }
    },
    async serve() {
      http = await listening(config, operations, audit, now);
      audit({ event: 'service_started', version, sources: [...mappings.keys()], destination: destination.name });
      audit({ event: 'http_listening', host: config.http.host, port: http.port });
      jwks = await listeningForKeys(config, now);
      if (jwks !== undefined) {
        audit({ event: 'jwks_listening', host: config.destination.auth.jwks.host, port: jwks.port });
      }
      housekeeping = setInterval(() => {
        ledger.forget(now() - config.ledger.retention).catch(failed);
      }, dayMs).unref();
      delivery.start();
      wakeUps.start();
      backfills.start();
      // One run for each: a console that hangs keeps no other waiting.
      for (const { source } of sources) start({ trigger: 'startup', source: source.name });
      return http.port;
    },
    stop() {
      stopping ??= stopInOrder();
      return stopping;
    },
  };
}

const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  // Ends early, without an error, when it is told to.
  sleepFor(ms, undefined, { signal }).catch(() => {});

/** Throws `Refused` when the address or the certificate cannot be used. */
async function listening(
  config: Config,
  operations: Operations,
  audit: AuditLog,
  now: () => Instant,
): Promise<Listening> {
  const { host, port, users } = config.http;
  const app = makeApp(operations, {
    users: users.map((user) => ({ ...user, passwordHash: user.passwordHash.reveal() })),
    verify: verifyPassword,
    audit,
    randomId: randomUUID,
    now,
    trustedProxies: config.http.trustedProxies,
  });
  try {
    return await listen(app, { host, port, ...tlsOf(config.http.tls) });
  } catch (error) {
    throw new Refused(
      `http: ${host}, port ${port}, ${reasonOf(error)}. Set http.port, http.host or http.tls to others.`,
    );
  }
}

/** The port of the public keys, where one is asked for. Throws `Refused` when the address cannot be used. */
async function listeningForKeys({ destination }: Config, now: () => Instant): Promise<Listening | undefined> {
  const { kind, jwks } = destination.auth;
  const { host, port } = jwks;
  if (kind !== 'backend-services' || port === undefined) return undefined;
  try {
    return await listen(jwksListener(publicKeysNow(destination.auth, now)), { host, port });
  } catch (error) {
    throw new Refused(
      `destination.auth.jwks: ${host}, port ${port}, ${reasonOf(error)}. Set its port or host to another.`,
    );
  }
}

const reasonOf = (error: unknown): string =>
  reasons[codeOf(error) ?? ''] ?? `cannot be used (${codeOf(error) ?? nameOf(error)})`;

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another program',
  EACCES: 'may not be used by this user',
  EADDRNOTAVAIL: 'is no address of this machine',
};

function tlsOf({ certificate, key, clientCa }: Config['http']['tls']): Pick<ListenOptions, 'tls'> {
  if (certificate === '') return {};
  const client = clientCa === '' ? {} : { clientCa: readFileSync(clientCa, 'utf8') };
  return { tls: { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8'), ...client } };
}
