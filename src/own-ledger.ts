import type { Config } from './config/config.ts';
import { secretFingerprint } from './exchange/record-key.ts';
import type { Instant } from './exchange/window.ts';
import { LedgerRefused, type Ledger, type LedgerAccess } from './ledger/ledger.ts';
import { openLedger } from './ledger/open-ledger.ts';

/**
 * The ledger of the service: held against what its keys were made with, and without what is older than the retention.
 * Throws `LedgerRefused`.
 * @param keySecret of `mapping.keySecret`
 */
export async function ownLedger(
  config: Config,
  keySecret: string,
  access: LedgerAccess,
  now: () => Instant,
): Promise<Ledger> {
  const { url, encryptionKey, retention } = config.ledger;
  const ledger = await openLedger({ url: url.reveal(), access, encryptionKey: encryptionKey.reveal(), now });
  if (access !== 'owner') return ledger;
  try {
    await refuseOtherBase(ledger, config.mapping.canonicalBase);
    await refuseOtherKeySecret(ledger, keySecret);
    await ledger.forget(now() - retention);
    return ledger;
  } catch (error) {
    await ledger.close();
    throw error;
  }
}

/** Another canonical base makes other keys: every message would arrive a second time. Throws `LedgerRefused`. */
export async function refuseOtherBase(ledger: Ledger, canonicalBase: string): Promise<void> {
  const kept = await ledger.keepCanonicalBase(canonicalBase);
  if (kept === canonicalBase) return;
  throw new LedgerRefused(
    'other-canonical-base',
    `mapping.canonicalBase is ${canonicalBase}, but this ledger was made with ${kept}. Another base would write every message a second time. Set it back, or start with an empty ledger and an empty EHR.`,
  );
}

/** So does another secret for the messages without an id. With none they are set apart, which doubles nothing. */
async function refuseOtherKeySecret(ledger: Ledger, keySecret: string): Promise<void> {
  if (keySecret !== '') await ledger.keepKeySecret(secretFingerprint(keySecret));
  await lookAtKeySecret(ledger, keySecret);
}

/** The same, and keeps nothing where none is kept yet. */
export async function lookAtKeySecret(ledger: Ledger, keySecret: string): Promise<void> {
  const kept = await ledger.keptKeySecret();
  if (keySecret === '' || kept === undefined || kept === secretFingerprint(keySecret)) return;
  throw new LedgerRefused(
    'other-key-secret',
    'mapping.keySecret is another one than this ledger was used with. It would write every message without an id a second time. Set the former one back, or leave it empty: then rows without an id are set apart.',
  );
}
