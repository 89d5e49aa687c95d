import type { Communication } from 'fhir/r4.js';
import type { Explanation } from '../../src/exchange/explanation.ts';
import type {
  BackfillView,
  PieceView,
  RecordView,
  RunReport,
  StatusReport,
  Translation,
  WindowView,
} from '../../src/exchange/reports.ts';
import type { Operations } from '../../src/http/operations.ts';

export const runId = '01995a3e-7c1f-7d04-9f1b-2f6f5b0d9c11';
export const recordKey = '5c0e9f0e-3f8b-5d4e-9a63-0f6f1f3c2b7a';

export const run: RunReport = {
  id: runId,
  trigger: 'api',
  state: 'done',
  startedAt: '2026-03-05T14:00:00Z',
  finishedAt: '2026-03-05T14:00:09Z',
  sources: [
    {
      name: 'main-clinic',
      windows: 1,
      read: 3,
      new: 2,
      changed: 1,
      unchanged: 0,
      resent: 0,
      unreadable: 0,
      vanished: 0,
      problems: {},
    },
  ],
  delivery: {
    delivered: 2,
    pending: 0,
    waiting: 1,
    rejected: 0,
    skipped: 0,
    problems: { 'patient-not-found': 1 },
    counts: { 'status-unlisted': 1 },
  },
};

export const record: RecordView = {
  key: recordKey,
  source: 'main-clinic',
  direction: 'outgoing',
  state: 'rejected',
  attempts: 1,
  code: 'mapping-refused',
  problem: 'A decision table of the mapping rejects this record.',
  reference: null,
  version: null,
  firstReadAt: '2026-03-05T14:00:00Z',
  dueAt: null,
  deliveredAt: null,
};

export const window: WindowView = {
  source: 'main-clinic',
  from: '2026-03-05T13:00:00Z',
  to: '2026-03-05T14:00:00Z',
  state: 'failed',
  readAt: '2026-03-05T14:02:00Z',
  rows: 0,
  code: 'source-timeout',
};

export const unread: PieceView = {
  source: 'main-clinic',
  tier: 'tail',
  from: '2026-03-05T13:00:00Z',
  to: '2026-03-05T13:01:00Z',
  state: 'accepted',
  failures: 9,
  code: 'source-too-large',
  acceptedBy: 'otto',
  acceptedAt: '2026-03-05T13:30:00Z',
};

export const backfill: BackfillView = {
  id: runId,
  source: 'main-clinic',
  from: '2025-03-01T00:00:00Z',
  to: '2026-03-01T00:00:00Z',
  order: 'newest-first',
  resend: false,
  state: 'running',
  position: '2025-08-31T00:52:00Z',
  percent: 49,
  windows: 26,
  rows: 210_411,
  queued: 1,
  stuck: 2,
  startedAt: '2026-03-05T14:00:00Z',
  finishedAt: null,
  forecast: { windows: 27, requests: 30, hours: 0.3 },
};

export const status: StatusReport = {
  version: '0.1.0',
  startedAt: '2026-03-05T06:00:00Z',
  sources: [
    {
      name: 'main-clinic',
      state: 'paused',
      coveredUntil: '2026-03-05T13:58:00Z',
      lagSeconds: 120,
      unread: {
        queued: 3,
        stuck: 60,
        stuckRanges: [
          { from: '2026-03-05T12:00:00Z', to: '2026-03-05T13:00:00Z', tier: 'tail', code: 'source-server-error' },
        ],
      },
      sweeps: {
        open: { doneUntil: '2026-03-05T13:51:00Z', doneAt: '2026-03-05T13:55:04Z' },
        warm: { doneUntil: '2026-03-05T13:33:00Z', doneAt: '2026-03-05T13:35:05Z' },
        cold: { doneUntil: null, doneAt: null },
        deep: { doneUntil: null, doneAt: null },
      },
      backfills: [backfill],
      lastRun: { id: runId, state: 'running', finishedAt: null },
      nextRunAt: null,
      budget: { requestsPerHour: 240, learned: 192, usedLastHour: 3 },
      clockOffsetSeconds: -7,
      code: 'source-unreachable',
      problem: 'Dialog Health cannot be reached.',
    },
  ],
  destinations: [
    {
      name: 'fhir-server',
      state: 'ready',
      write: 'put-by-id',
      bundle: 'transaction',
      why: 'It declares updateCreate.',
      deliver: 'always',
      dialect: 'r4',
      whyDialect: 'scripted',
      pending: 1,
      delivering: 0,
      waiting: 0,
      delivered: 5,
      skipped: 0,
      rejected: 1,
      concurrency: { now: 2, most: 2 },
      oldestPendingSeconds: 30,
      oldestWaitingSeconds: null,
      code: null,
      problem: null,
    },
  ],
};

const communication: Communication = {
  resourceType: 'Communication',
  id: recordKey,
  status: 'completed',
  payload: [{ contentString: 'Café at 9 — 👍' }],
};

export const translation: Translation = {
  bundle: {
    resourceType: 'Bundle',
    type: 'batch',
    entry: [
      {
        fullUrl: `urn:uuid:${recordKey}`,
        resource: communication,
        request: { method: 'PUT', url: `Communication/${recordKey}` },
      },
    ],
  },
  rows: 1,
  unreadable: [],
  left: [],
};

const codes = { file: 'dialog-health/codes.yaml', line: 20 };

/** With every kind of origin once. */
export const explanation: Explanation = {
  key: recordKey,
  direction: 'outgoing',
  outcome: 'communication',
  code: null,
  problem: null,
  elements: [
    {
      element: 'resourceType',
      value: 'Communication',
      from: { file: 'dialog-health/outgoing.yaml', line: 3 },
      formula: null,
      table: null,
      named: null,
      fields: [],
      settings: [],
    },
    {
      element: 'status',
      value: 'completed',
      from: { file: 'dialog-health/outgoing.yaml', line: 61 },
      formula: '=decide(outcome.status)',
      table: { name: 'outcome', column: 'status', row: 1, ...codes },
      named: { formula: null, ...codes },
      fields: ['delivered', 'messageStatus'],
      settings: [],
    },
    {
      element: 'text.div',
      value: '<div xmlns="http://www.w3.org/1999/xhtml"><p>Café at 9 — 👍</p></div>',
      from: null,
      formula: null,
      table: null,
      named: null,
      fields: [],
      settings: ['mapping.narrative'],
    },
  ],
  tables: [{ name: 'outcome', row: 1, fields: ['delivered', 'messageStatus'], says: 'cells', ...codes }],
  unused: ['mobileNumber'],
};

/** A service that is well and knows one run, one record, one window and one backfill. */
export const fakeOperations: Operations = {
  live: () => true,
  ready: () => Promise.resolve(true),
  status: () => Promise.resolve(status),
  startRun: () => Promise.resolve({ kind: 'started', id: runId }),
  run: (id) => Promise.resolve(id === runId ? run : undefined),
  runs: () => Promise.resolve({ items: [run], next: 'cursor-2' }),
  records: () => Promise.resolve({ items: [record], next: null }),
  record: (key) => Promise.resolve(key === recordKey ? record : undefined),
  release: () => Promise.resolve(3),
  windows: () => Promise.resolve({ items: [window], next: null, unread: [unread] }),
  beginBackfill: () => Promise.resolve({ kind: 'begun', job: backfill }),
  backfill: (id) => Promise.resolve(id === backfill.id ? backfill : undefined),
  backfills: () => Promise.resolve({ items: [backfill], next: null }),
  moveBackfill: (id, to) =>
    Promise.resolve(id === backfill.id ? { kind: 'moved', job: { ...backfill, state: to } } : { kind: 'not-there' }),
  translate: () => Promise.resolve({ kind: 'translated', translation, explanations: () => [explanation] }),
};
