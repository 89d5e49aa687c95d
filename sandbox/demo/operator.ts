import { setTimeout as sleep } from 'node:timers/promises';
import { isObject, objectsOf, textOf, type JsonObject } from '../ehr/json.ts';
import { login } from './stage.ts';

/** What an operator sees and does over the service's HTTP API. */
export interface Operator {
  /** Messages by state. */
  counts(): Promise<Counts>;
  /** The run that the service began with; undefined: it has not yet. */
  firstRun(): Promise<Run | undefined>;
  /** Starts a run, after the one that is under way, and waits for its end. */
  run(): Promise<Run>;
  /** Why messages are in a state: each reason and how many. */
  reasons(state: 'skipped' | 'waiting' | 'rejected'): Promise<readonly Reason[]>;
}

export interface Counts {
  readonly pending: number;
  readonly delivering: number;
  readonly delivered: number;
  readonly waiting: number;
  readonly rejected: number;
  readonly skipped: number;
}

export interface Run {
  readonly id: string;
  readonly state: string;
  readonly windows: number;
  readonly read: number;
  readonly added: number;
  readonly changed: number;
}

export interface Reason {
  readonly code: string;
  readonly problem: string;
  readonly count: number;
}

export const credentials = `Basic ${Buffer.from(`${login.name}:${login.password}`).toString('base64')}`;

export function operatorAt(url: string): Operator {
  async function ask(path: string, method = 'GET', body?: unknown) {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: credentials, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const value: unknown = await response.json();
    if (!response.ok && response.status !== 409) throw new Error(`${method} ${path} was answered ${response.status}.`);
    return {
      status: response.status,
      location: response.headers.get('location') ?? '',
      body: isObject(value) ? value : {},
    };
  }

  async function ended(path: string): Promise<Run> {
    for (;;) {
      const run = runOf((await ask(path)).body);
      if (run.state !== 'running') return run;
      await sleep(200);
    }
  }

  return {
    async counts() {
      const [destination = {}] = objectsOf((await ask('/status')).body['destinations']);
      const count = (name: keyof Counts): number => numberOf(destination[name]);
      return {
        pending: count('pending'),
        delivering: count('delivering'),
        delivered: count('delivered'),
        waiting: count('waiting'),
        rejected: count('rejected'),
        skipped: count('skipped'),
      };
    },
    async firstRun() {
      const runs = objectsOf((await ask('/runs')).body['items']);
      const first = runs.find(({ trigger }) => trigger === 'startup');
      return first === undefined ? undefined : runOf(first);
    },
    async run() {
      for (;;) {
        const started = await ask('/runs', 'POST', {});
        const run = await ended(started.location);
        if (started.status === 202) return run;
      }
    },
    async reasons(state) {
      const counts = new Map<string, Reason>();
      let cursor = '';
      for (;;) {
        const page = (await ask(`/records?state=${state}&limit=100${cursor}`)).body;
        for (const { code, problem } of objectsOf(page['items'])) {
          const name = textOf(code) ?? 'none';
          const count = (counts.get(name)?.count ?? 0) + 1;
          counts.set(name, { code: name, problem: textOf(problem) ?? '', count });
        }
        const next = textOf(page['next']);
        if (next === undefined) return [...counts.values()];
        cursor = `&cursor=${encodeURIComponent(next)}`;
      }
    },
  };
}

function runOf(run: JsonObject): Run {
  const sources = objectsOf(run['sources']);
  const sum = (name: string): number => sources.reduce((total, source) => total + numberOf(source[name]), 0);
  return {
    id: textOf(run['id']) ?? '',
    state: textOf(run['state']) ?? '',
    windows: sum('windows'),
    read: sum('read'),
    added: sum('new'),
    changed: sum('changed'),
  };
}

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);
