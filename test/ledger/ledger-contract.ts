import { bookkeepingContract } from './contract/bookkeeping.ts';
import { deliveringContract } from './contract/delivering.ts';
import { holdingBackContract } from './contract/holding-back.ts';
import { ownershipContract } from './contract/ownership.ts';
import type { NewPlace } from './contract/place.ts';
import { recordingContract } from './contract/recording.ts';

/** What src/ledger/ledger.ts promises, the same on every engine. `newPlace` gives each test an empty place of its own. */
export function ledgerContract(newPlace: NewPlace): void {
  recordingContract(newPlace);
  deliveringContract(newPlace);
  holdingBackContract(newPlace);
  bookkeepingContract(newPlace);
  ownershipContract(newPlace);
}
