import { patientsOf } from '../persons.ts';
import { Misuse, readNumber, runProgram, type Given } from '../program.ts';
import type { EhrAuth } from './authorization.ts';
import { startEhr } from './ehr.ts';
import { isProfileName, profileNames, type ProfileName } from './profiles/registry.ts';

const flags = {
  host: { name: 'host', variable: 'SANDBOX_EHR_HOST', fallback: '127.0.0.1', summary: 'address to listen at' },
  port: { name: 'port', variable: 'SANDBOX_EHR_PORT', fallback: '8092', summary: '0: any free one' },
  seed: { name: 'seed', variable: 'SANDBOX_SEED', fallback: '1', summary: 'has Patients for the persons of that seed' },
  persons: { name: 'persons', variable: 'SANDBOX_PERSONS', fallback: '120', summary: 'how many of them' },
  validate: {
    name: 'validate',
    variable: 'SANDBOX_EHR_VALIDATE',
    fallback: 'structure',
    summary: 'none, structure or full',
  },
  behaveLike: {
    name: 'behave-like',
    variable: 'SANDBOX_EHR_BEHAVE_LIKE',
    fallback: '',
    summary: `${profileNames.join(', ')}; R4 as it is written when not given`,
  },
  auth: { name: 'auth', variable: 'SANDBOX_EHR_AUTH', fallback: 'none', summary: 'none, basic or bearer' },
  username: { name: 'username', variable: 'SANDBOX_EHR_USERNAME', fallback: 'sandbox', summary: 'for --auth basic' },
  password: { name: 'password', variable: 'SANDBOX_EHR_PASSWORD', fallback: 'sandbox', summary: 'for --auth basic' },
  token: { name: 'token', variable: 'SANDBOX_EHR_TOKEN', fallback: 'sandbox', summary: 'for --auth bearer' },
} as const;

const program = {
  usage: 'node sandbox/ehr/main.ts [--port 8092]',
  summary: 'A FHIR R4 server for Communication and Patient, in memory, until Ctrl-C.',
  flags,
};

await runProgram(program, async (given) => {
  const ehr = await startEhr({
    host: given(flags.host),
    port: readNumber(given(flags.port), '--port'),
    resources: patientsOf(readNumber(given(flags.seed), '--seed'), readNumber(given(flags.persons), '--persons')),
    validate: validation(given(flags.validate)),
    auth: authOf(given),
    ...behaviour(given(flags.behaveLike)),
  });
  console.log(`Sandbox EHR at ${ehr.url}, with ${ehr.store.count('Patient')} Patients. Ctrl-C ends it.`);
  console.log(`curl '${ehr.url}/Communication?_summary=count'`);
  console.log(`What can go wrong on demand: curl ${ehr.origin}/sandbox/faults`);
  return ehr;
});

function validation(text: string): 'none' | 'structure' | 'full' {
  if (text === 'none' || text === 'structure' || text === 'full') return text;
  throw new Misuse('--validate has to be none, structure or full.');
}

function behaviour(name: string): { readonly behaveLike?: ProfileName } {
  if (name === '') return {};
  if (isProfileName(name)) return { behaveLike: name };
  throw new Misuse(`--behave-like has to be one of ${profileNames.join(', ')}.`);
}

function authOf(given: Given): EhrAuth {
  const kind = given(flags.auth);
  if (kind === 'none') return { kind };
  if (kind === 'basic') return { kind, username: given(flags.username), password: given(flags.password) };
  if (kind === 'bearer') return { kind, token: given(flags.token) };
  throw new Misuse('--auth has to be none, basic or bearer.');
}
