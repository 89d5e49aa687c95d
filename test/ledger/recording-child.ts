import { openLedger } from '../../src/ledger/open-ledger.ts';
import { message, rows, source } from './contract/rows.ts';

/**
 * Owns the ledger at the path and records one batch after the other until it is killed, saying how many messages are
 * acknowledged: `node test/ledger/recording-child.ts <path> <first>`.
 */
const [path = '', first = '0'] = process.argv.slice(2);
const batch = 100;
const ledger = await openLedger({ url: `sqlite:${path}`, access: 'owner', now: Date.now });
process.stdout.write('open\n');
for (let next = Number(first); ; next += batch) {
  const messages = Array.from({ length: batch }, (_, n) => message(`n-${next + n}`));
  await ledger.messages.record(source, Date.now(), rows(...messages));
  process.stdout.write(`${next + batch}\n`);
}
