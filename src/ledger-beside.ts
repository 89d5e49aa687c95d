import type { Config } from './config/config.ts';
import type { Instant } from './exchange/window.ts';
import { LedgerRefused, type Ledger } from './ledger/ledger.ts';
import { openLedger } from './ledger/open-ledger.ts';

/**
 * The ledger beside a running service, for commands that look and that book their requests to the vendor. Undefined:
 * it is not there yet, the first run makes it. Throws `LedgerRefused` for any other reason.
 */
export async function ledgerBeside(config: Pick<Config, 'ledger'>, now: () => Instant): Promise<Ledger | undefined> {
  const { url, encryptionKey } = config.ledger;
  try {
    return await openLedger({ url: url.reveal(), access: 'visitor', encryptionKey: encryptionKey.reveal(), now });
  } catch (error) {
    if (error instanceof LedgerRefused && error.reason === 'missing') return undefined;
    throw error;
  }
}

/** Where there is no ledger there is nothing to book in. */
export const unbooked: Pick<Ledger['budget'], 'spend' | 'learned'> = {
  spend: () => Promise.resolve({ granted: true }),
  learned: (_, perHour) => Promise.resolve(perHour),
};
