import { afterEach } from 'vitest';
import { keySpace } from '../../../src/exchange/record-key.ts';
import type { Reading } from '../../../src/exchange/record.ts';
import { makeDispatcher } from '../../../src/network/dispatcher.ts';
import {
  makeDialogHealthSource,
  type DialogHealthOptions,
} from '../../../src/sources/dialog-health/dialog-health-source.ts';
import type { ReadOutcome } from '../../../src/sources/source.ts';
import { startScriptedVendor, type ScriptedVendor } from './scripted-vendor.ts';

export const keys = keySpace('https://fhir.example-health.org');
export const now = Date.UTC(2026, 2, 6, 12);
/** A day in March. */
export const window = { from: Date.UTC(2026, 2, 5), to: Date.UTC(2026, 2, 6) };

const vendors: ScriptedVendor[] = [];

afterEach(async () => {
  await Promise.all(vendors.splice(0).map((vendor) => vendor.close()));
});

export interface Asked {
  readonly outcome: ReadOutcome;
  readonly readings: readonly Reading[];
}

export interface AskedSource {
  readonly vendor: ScriptedVendor;
  /** How often the budget was asked. */
  spent(): number;
  read(signal?: AbortSignal): Promise<Asked>;
  /** The problem code of one more reading, or `complete`. */
  reads(): Promise<string>;
}

/** The source, and a vendor that it asks; the vendor is gone when the test is over. */
export async function askedSource(options: Partial<DialogHealthOptions> = {}): Promise<AskedSource> {
  const vendor = await startScriptedVendor();
  vendors.push(vendor);
  let spent = 0;
  const source = makeDialogHealthSource({
    ...sourceOptions(vendor.url),
    spend: () => {
      spent += 1;
      return Promise.resolve(undefined);
    },
    ...options,
  });
  const read = async (signal: AbortSignal = AbortSignal.timeout(20_000)): Promise<Asked> => {
    const readings: Reading[] = [];
    const take = (batch: readonly Reading[]) => {
      readings.push(...batch);
      return Promise.resolve();
    };
    return { outcome: await source.read(window, take, signal), readings };
  };
  return { vendor, spent: () => spent, read, reads: async () => wordOf((await read()).outcome) };
}

export const wordOf = (outcome: ReadOutcome): string =>
  outcome.kind === 'complete' ? 'complete' : outcome.problem.code;

export const sourceOptions = (url: string): DialogHealthOptions => ({
  name: 'main-clinic',
  url,
  console: 'SIDJUL8079',
  username: 'reader',
  password: () => 'secret',
  method: 'GET',
  timestampFormat: 'MM/dd/yyyy HH:mm:ss',
  maxResponseBytes: 1e9,
  timeoutMs: 10_000,
  dispatcher: makeDispatcher({ connectTimeoutMs: 2_000 }),
  keys,
  stageOf: ({ messageStatus }) => ({
    rank: messageStatus === 'DELIVERED' ? 3 : 1,
    final: messageStatus === 'DELIVERED',
  }),
  now: () => now,
  spend: () => Promise.resolve(undefined),
});
