import { describe } from 'vitest';
import { ledgerContract } from './ledger-contract.ts';
import { sqlitePlace } from './sqlite-place.ts';

describe('the ledger on SQLite', () => {
  ledgerContract(sqlitePlace);
});
