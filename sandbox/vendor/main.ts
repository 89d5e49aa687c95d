import { readNumber, runProgram } from '../program.ts';
import { defaultMessagesPerDay, defaultPersons, startVendor } from './vendor.ts';

const flags = {
  host: { name: 'host', variable: 'SANDBOX_VENDOR_HOST', fallback: '127.0.0.1', summary: 'address to listen at' },
  port: { name: 'port', variable: 'SANDBOX_VENDOR_PORT', fallback: '8091', summary: '0: any free one' },
  seed: { name: 'seed', variable: 'SANDBOX_SEED', fallback: '1', summary: 'same seed, same messages' },
  perDay: {
    name: 'messages-per-day',
    variable: 'SANDBOX_MESSAGES_PER_DAY',
    fallback: String(defaultMessagesPerDay),
    summary: 'how many',
  },
  persons: {
    name: 'persons',
    variable: 'SANDBOX_PERSONS',
    fallback: String(defaultPersons),
    summary: 'how many persons they are for',
  },
  console: { name: 'console', variable: 'SANDBOX_CONSOLE', fallback: 'SANDBOX01', summary: 'console code' },
  username: { name: 'username', variable: 'SANDBOX_USERNAME', fallback: 'sandbox', summary: 'of the login' },
  password: { name: 'password', variable: 'SANDBOX_PASSWORD', fallback: 'sandbox', summary: 'of the login' },
} as const;

const program = {
  usage: 'node sandbox/vendor/main.ts [--port 8091]',
  summary: 'A Dialog Health Message Results Writeback API with invented messages, until Ctrl-C.',
  flags,
};

await runProgram(program, async (given) => {
  const [code, username, password] = [given(flags.console), given(flags.username), given(flags.password)];
  const vendor = await startVendor({
    host: given(flags.host),
    port: readNumber(given(flags.port), '--port'),
    seed: readNumber(given(flags.seed), '--seed'),
    messagesPerDay: Math.max(1, readNumber(given(flags.perDay), '--messages-per-day')),
    persons: Math.max(1, readNumber(given(flags.persons), '--persons')),
    console: code,
    username,
    password,
  });
  const week = `${sevenDaysAgo()} 00:00:00/${today()} 00:00:00`;
  console.log(`Dialog Health simulator at ${vendor.url}`);
  // A password of one's own is not for the screen: curl asks for it.
  const user = password === flags.password.fallback ? `${username}:${password}` : username;
  console.log(`Console ${code}, user ${username}. Ctrl-C ends it.`);
  console.log(`curl -u '${user}' '${vendor.url}/api/responses/${code}/${encodeURI(week)}'`);
  console.log(`What can go wrong on demand: curl ${vendor.origin}/sandbox/faults`);
  return vendor;
});

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

function sevenDaysAgo(): string {
  return new Date(Date.now() - 7 * 86_400_000).toISOString().slice(0, 10);
}
