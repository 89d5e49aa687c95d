import { afterEach, beforeEach } from 'vitest';
import { dayMs, hourMs, minuteMs, type Instant } from '../../../src/exchange/window.ts';
import type { Ledger, LedgerAccess } from '../../../src/ledger/ledger.ts';

/** Where one test keeps its ledger. */
export interface LedgerPlace {
  open(access: LedgerAccess, options?: { readonly encryptionKey?: string }): Promise<Ledger>;
  /** Takes the ledger out of the hands of an owner that still runs, as after a broken connection or a deleted lock. */
  breakOwnership(): Promise<void>;
  remove(): Promise<void>;
}

export type NewPlace = (now: () => Instant) => Promise<LedgerPlace>;

/** The clock of a test: tests move it. */
export class TestClock {
  at: Instant = Date.parse('2026-03-10T12:00:00Z');
  readonly now = (): Instant => this.at;
  pass({
    days = 0,
    hours = 0,
    minutes = 0,
  }: {
    readonly days?: number;
    readonly hours?: number;
    readonly minutes?: number;
  }): Instant {
    this.at += days * dayMs + hours * hourMs + minutes * minuteMs;
    return this.at;
  }
}

export interface LedgerInTest {
  readonly clock: TestClock;
  readonly place: LedgerPlace;
  /** The owner's. */
  readonly ledger: Ledger;
  open(access: LedgerAccess, options?: { readonly encryptionKey?: string }): Promise<Ledger>;
  /** Closes the owner's ledger and opens it again, as after a restart. */
  restart(options?: { readonly encryptionKey?: string }): Promise<Ledger>;
}

/** Gives each test an empty ledger with an owner, and takes everything away afterwards. */
export function ledgerInEachTest(newPlace: NewPlace, options: { readonly encryptionKey?: string } = {}): LedgerInTest {
  let clock: TestClock;
  let place: LedgerPlace;
  let ledger: Ledger;
  let opened: Ledger[];
  const open: LedgerInTest['open'] = async (access, openOptions = options) => {
    const one = await place.open(access, openOptions);
    opened.push(one);
    return one;
  };
  beforeEach(async () => {
    clock = new TestClock();
    place = await newPlace(clock.now);
    opened = [];
    ledger = await open('owner');
  });
  afterEach(async () => {
    for (const one of opened) await one.close();
    await place.remove();
  });
  return {
    get clock() {
      return clock;
    },
    get place() {
      return place;
    },
    get ledger() {
      return ledger;
    },
    open,
    async restart(openOptions) {
      await ledger.close();
      opened = opened.filter((one) => one !== ledger);
      ledger = await open('owner', openOptions);
      return ledger;
    },
  };
}
