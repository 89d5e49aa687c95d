import { dayMs, grainMs, hourMs, type Instant } from '../../src/exchange/window.ts';
import type { SweepTier } from '../../src/exchange/tier.ts';
import type { CoverageState, TierState } from '../../src/ledger/ledger.ts';
import { readVerdict, type ReadVerdict } from '../../src/sync/read-verdict.ts';
import { sweepTiers } from '../../src/sync/tiers.ts';
import { nextPiece } from '../../src/sync/window-plan.ts';
import type { Scenario } from './scenario.ts';
import type { SimulationOptions } from './simulate.ts';

/**
 * Shortcuts that have been taken elsewhere. Each of them loses, doubles or stalls something, and has to be found out.
 * What would hide it is left out of the service for it, or what shows it is put into the scenario; the service as it
 * is must pass the same, but for those whose whole point is what is left out.
 */
export interface Mutant {
  /** New ones for each simulation: some remember what they saw. */
  readonly options: () => SimulationOptions;
  /** The same without the shortcut breaks as well. */
  readonly isWhatIsLeftOut?: boolean;
}

/** The first reading of a run goes on where the last one ended. */
const withoutHotPart: NonNullable<SimulationOptions['mutation']>['plan'] = (
  state,
  now,
  limits,
  progress,
  unsettled,
) => {
  const tail = progress.tail === 'fresh' ? (state.frontier ?? 'fresh') : progress.tail;
  return nextPiece(state, now, limits, { ...progress, tail }, unsettled);
};

/** Nothing that makes up for what is lost. */
const noSweeps: readonly SweepTier[] = sweepTiers;

const vendor =
  (habits: Partial<Scenario['vendor']>) =>
  (scenario: Scenario): Scenario => ({ ...scenario, vendor: { ...scenario.vendor, ...habits } });

/** A vendor that never says what is not so, and leaves nothing out. */
const honest = { hiccups: 0, lagging: 0 } as const;

function honestly(scenario: Scenario): Scenario {
  const { cap: _cap, restored: _old, retention: _kept, poison: _poison, ...habits } = scenario.vendor;
  return { ...scenario, vendor: { ...habits, ...honest } };
}

function withCap(kind: 'known' | 'silent'): (scenario: Scenario) => Scenario {
  return (scenario) => ({
    ...scenario,
    limits: { ...scenario.limits, ...(kind === 'known' ? { rowCap: 60 } : {}) },
    vendor: { ...scenario.vendor, cap: { rows: 60, kind } },
  });
}

const busy = (scenario: Scenario): Scenario => {
  const { shared: _, ...habits } = scenario.vendor;
  return {
    ...scenario,
    limits: { ...scenario.limits, requestsPerHour: 45, rowCap: 45 },
    vendor: { ...habits, cap: { rows: 45, kind: 'known' } },
  };
};

/** Within a day, and an outage that is nearly as long. */
function longOutage(scenario: Scenario): Scenario {
  const { start, messages } = honestly(scenario);
  const from = start + 12 * hourMs;
  return {
    ...honestly(scenario),
    messages: { ...messages, late: 0.4, latestMs: 10 * hourMs, statusMs: 10 * hourMs, goingBack: 0 },
    vendor: { ...honestly(scenario).vendor, outage: { from, to: from + 18 * hourMs } },
    service: { ...scenario.service, asleep: [], kills: [] },
  };
}

function withoutEnd(tier: TierState): TierState {
  const { doneEnd: _, ...others } = tier;
  return others;
}

const withoutEnds = (state: CoverageState): CoverageState => ({
  ...state,
  tiers: Object.fromEntries(Object.entries(state.tiers).map(([tier, known]) => [tier, withoutEnd(known)])),
});

const movingFrontier = (verdict: ReadVerdict, frontier: Instant): ReadVerdict =>
  verdict.kind === 'covered' ? { ...verdict, moves: { ...verdict.moves, frontier } } : verdict;

export const mutants: Readonly<Record<string, Mutant>> = {
  'cursor from the newest record': {
    isWhatIsLeftOut: true,
    options() {
      let newest = -Infinity;
      return {
        atRest: noSweeps,
        mutation: {
          plan: withoutHotPart,
          source: (source) => ({
            ...source,
            read: (window, take, signal, share) =>
              source.read(
                window,
                (readings, vendorNow) => {
                  for (const reading of readings) {
                    const [record] = reading.kind === 'records' ? reading.records : [];
                    newest = Math.max(newest, record?.occurredAt ?? -Infinity);
                  }
                  return take(readings, vendorNow);
                },
                signal,
                share,
              ),
          }),
          judge(piece, outcome, facts) {
            const verdict = readVerdict(piece, outcome, facts);
            const { frontier = -Infinity } = facts.state;
            return newest > frontier ? movingFrontier(verdict, Math.min(newest, piece.window.to)) : verdict;
          },
        },
      };
    },
  },
  'look-back from now': {
    options: () => ({
      atRest: ['open', 'cold', 'deep'],
      scenario: longOutage,
      mutation: {
        plan: (state, now, limits, progress, unsettled) =>
          nextPiece(withoutEnds(state), now, limits, progress, unsettled),
      },
    }),
  },
  'no look-back': { isWhatIsLeftOut: true, options: () => ({ atRest: noSweeps, mutation: { plan: withoutHotPart } }) },
  'no overlap of one grain': {
    options: () => ({
      atRest: ['deep'],
      mutation: {
        source: (source) => ({
          ...source,
          read: ({ from, to }, take, signal, share) =>
            source.read({ from: from + grainMs, to: to - grainMs }, take, signal, share),
        }),
      },
    }),
  },
  'no cap guard': {
    options: () => ({
      scenario: withCap('known'),
      mutation: {
        judge(piece, outcome, facts) {
          const { rowCap: _, ...limits } = facts.limits;
          return readVerdict(piece, outcome, { ...facts, limits });
        },
      },
    }),
  },
  'no learning of a cap': {
    options: () => ({
      scenario: withCap('silent'),
      mutation: {
        // Whatever comes has been looked into.
        ledger: (ledger) => ({
          ...ledger,
          coverage: {
            ...ledger.coverage,
            async state(source) {
              const state = await ledger.coverage.state(source);
              return {
                ...state,
                size: { ...state.size, wholeRows: Number.MAX_SAFE_INTEGER, wholeAt: Number.MAX_SAFE_INTEGER },
              };
            },
          },
        }),
      },
    }),
  },
  'skip a failed window': {
    options: () => ({
      scenario: vendor({ failures: 0.2 }),
      mutation: {
        judge(piece, outcome, facts) {
          const verdict = readVerdict(piece, outcome, facts);
          if (verdict.kind !== 'again' || piece.tier !== 'tail' || piece.open !== undefined) return verdict;
          return { ...verdict, moves: { frontier: piece.window.to } };
        },
      },
    }),
  },
  'checkpoint first': {
    options: () => ({
      mutation: {
        ledger(ledger) {
          const later: (() => Promise<unknown>)[] = [];
          return {
            ...ledger,
            messages: {
              ...ledger.messages,
              async record(...given) {
                later.push(() => ledger.messages.record(...given));
                return {
                  added: 0,
                  changed: 0,
                  known: 0,
                  unreadable: 0,
                  unreadableKnown: 0,
                  lowered: 0,
                  resent: 0,
                  setApart: [],
                };
              },
            },
            coverage: {
              ...ledger.coverage,
              async cover(...given) {
                await ledger.coverage.cover(...given);
                for (const work of later.splice(0)) await work();
              },
            },
          };
        },
      },
    }),
  },
  'outbox row removed before the answer': {
    options: () => ({
      scenario: (scenario) => ({ ...scenario, ehr: { ...scenario.ehr, failures: 0.2 } }),
      mutation: {
        ledger: (ledger) => ({
          ...ledger,
          messages: {
            ...ledger.messages,
            async claim(request) {
              const claims = await ledger.messages.claim(request);
              const sent = claims.map(({ record: { key }, token }) => ({
                state: 'delivered' as const,
                key,
                token,
                reference: `Communication/${key}`,
              }));
              await ledger.messages.settle(sent, request.now);
              return claims;
            },
          },
        }),
      },
    }),
  },
  'POST without identity': {
    options: () => ({
      mutation: {
        destination: (destination, ehr) => ({
          ...destination,
          async send(deliveries) {
            for (const delivery of deliveries) ehr.post(delivery);
            return deliveries.map(({ key }) => ({
              kind: 'accepted',
              key,
              reference: `Communication/${key}`,
              change: 'created',
            }));
          },
        }),
      },
    }),
  },
  'dedupe by id only': {
    options: () => ({
      mutation: {
        ledger(ledger) {
          const seen = new Set<string>();
          return {
            ...ledger,
            messages: {
              ...ledger.messages,
              async record(source, readAt, readings, options) {
                const isNew = (key: string): boolean => !seen.has(key) && seen.add(key).size > 0;
                const left = readings.map((reading) =>
                  reading.kind === 'records'
                    ? { ...reading, records: reading.records.filter(({ key }) => isNew(key)) }
                    : reading,
                );
                return ledger.messages.record(source, readAt, left, options);
              },
            },
          };
        },
      },
    }),
  },
  'frontier by whole days': {
    options: () => ({
      mutation: {
        judge(piece, outcome, facts) {
          const verdict = readVerdict(piece, outcome, facts);
          if (piece.tier !== 'tail' || piece.open !== undefined) return verdict;
          const { start = 0, frontier = start } = facts.state;
          return movingFrontier(verdict, Math.max(frontier, Math.floor(piece.window.to / dayMs) * dayMs));
        },
      },
    }),
  },
  'our own clock, and no settle delay': {
    options: () => ({
      mutation: {
        limits: (limits) => ({ ...limits, settleDelayMs: 0 }),
        source: (source) => ({
          ...source,
          async read(...given) {
            const outcome = await source.read(...given);
            if (outcome.kind === 'failed') return outcome;
            const { vendorNow: _, ...others } = outcome;
            return others;
          },
        }),
      },
    }),
  },
  'no budget': {
    options: () => ({
      scenario: busy,
      mutation: {
        ledger: (ledger) => ({
          ...ledger,
          budget: { ...ledger.budget, spend: () => Promise.resolve({ granted: true }) },
        }),
      },
    }),
  },
  'an empty answer believed at once': {
    options: () => ({
      scenario: vendor({ hiccups: 0.1 }),
      mutation: { judge: (piece, outcome, facts) => readVerdict(piece, outcome, { ...facts, known: 0 }) },
    }),
  },
  'what is stuck before what is new': {
    options: () => ({
      scenario: (scenario) => {
        const from = scenario.start + 6 * hourMs;
        const minute = Math.floor(from / grainMs) * grainMs - hourMs;
        return vendor({ poison: { from: scenario.start, to: from + 24 * hourMs, minute } })(scenario);
      },
      mutation: {
        plan(state, now, limits, progress, unsettled) {
          const due = state.pieces.find(({ dueAt, id }) => dueAt <= now && !progress.tried.has(id));
          if (due !== undefined) return { tier: due.tier, window: due.window, open: due };
          return nextPiece(state, now, limits, progress, unsettled);
        },
      },
    }),
  },
};
