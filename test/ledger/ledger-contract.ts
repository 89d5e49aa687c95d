import { backfillingContract } from './contract/backfilling.ts';
import { bookkeepingContract } from './contract/bookkeeping.ts';
import { budgetingContract } from './contract/budgeting.ts';
import { comparingContract } from './contract/comparing.ts';
import { coveringContract } from './contract/covering.ts';
import { deliveringContract } from './contract/delivering.ts';
import { holdingBackContract } from './contract/holding-back.ts';
import { leavingOpenContract } from './contract/leaving-open.ts';
import { ownershipContract } from './contract/ownership.ts';
import { knowingTheEhrContract } from './contract/knowing-the-ehr.ts';
import type { NewPlace } from './contract/place.ts';
import { planningContract } from './contract/planning.ts';
import { recordingContract } from './contract/recording.ts';
import { resendingContract } from './contract/resending.ts';
import { statusContract } from './contract/status.ts';

/** What src/ledger/ledger.ts promises, the same on every engine. `newPlace` gives each test an empty place of its own. */
export function ledgerContract(newPlace: NewPlace): void {
  recordingContract(newPlace);
  statusContract(newPlace);
  resendingContract(newPlace);
  deliveringContract(newPlace);
  knowingTheEhrContract(newPlace);
  holdingBackContract(newPlace);
  coveringContract(newPlace);
  leavingOpenContract(newPlace);
  planningContract(newPlace);
  backfillingContract(newPlace);
  budgetingContract(newPlace);
  comparingContract(newPlace);
  bookkeepingContract(newPlace);
  ownershipContract(newPlace);
}
