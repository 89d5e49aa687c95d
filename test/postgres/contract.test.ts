import { describe } from 'vitest';
import { ledgerContract } from '../ledger/ledger-contract.ts';
import { postgresPlace } from './postgres-place.ts';

describe('the ledger on PostgreSQL', () => {
  ledgerContract(postgresPlace);
});
