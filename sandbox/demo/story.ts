import { setTimeout as sleep } from 'node:timers/promises';
import type { Communication } from 'fhir/r4.js';
import type { Counts, Operator, Reason, Run } from './operator.ts';
import { operatorAt } from './operator.ts';
import { arrived, shownId } from './special-rows.ts';
import { canonicalBase, daysShown, login, type Stage } from './stage.ts';

/** Where the demo tells what happens. */
export interface Teller {
  readonly line: (text?: string) => void;
  /** Replaces the progress that was told before; a line ends it. */
  readonly progress: (text: string) => void;
}

/** Shows the service at work. Gives what did not go as it should: nothing, when all went well. */
export async function tellStory(stage: Stage, tell: Teller): Promise<readonly string[]> {
  const operator = operatorAt(stage.serviceUrl);
  introduce(stage, tell);
  const { run, counts } = await firstRun(operator, tell);
  const mistakes = await tellFirstRun(stage, operator, run, counts, tell);
  pointOut(stage, tell);
  return [...mistakes, ...(await change(stage, operator, tell))];
}

function introduce({ vendor, ehr, serviceUrl }: Stage, { line }: Teller): void {
  line('dialog-health-fhir, with everything it needs on this machine. All persons and messages are invented.');
  line();
  line(`  Dialog Health (simulator)  ${vendor.url}`);
  line(`  dialog-health-fhir         ${serviceUrl}`);
  line(`  EHR (sandbox)              ${ehr.url}`);
  line();
}

/** A machine that needs longer has another problem. */
const longestMs = 300_000;

interface FirstRun {
  readonly run: Run;
  /** Messages by state. */
  readonly counts: Counts;
}

/** The service starts to read by itself; this only looks on until all that was read has been dealt with. */
async function firstRun(operator: Operator, { progress }: Teller): Promise<FirstRun> {
  const started = performance.now();
  while (performance.now() - started < longestMs) {
    const run = await operator.firstRun();
    const counts = await operator.counts();
    const { pending, delivering, delivered } = counts;
    const known = Object.values(counts).reduce((sum, count) => sum + count, 0);
    progress(`Reading ${daysShown} days: ${shown(known)} messages read, ${shown(delivered)} delivered`);
    if (run !== undefined && run.state !== 'running' && pending + delivering === 0) return { run, counts };
    await sleep(200);
  }
  throw new Error('The service has not dealt with the messages in five minutes. Run the demo again.');
}

async function tellFirstRun(
  { ehr }: Stage,
  operator: Operator,
  run: Run,
  counts: Counts,
  { line }: Teller,
): Promise<readonly string[]> {
  const [skipped, waiting, rejected] = [
    await operator.reasons('skipped'),
    await operator.reasons('waiting'),
    await operator.reasons('rejected'),
  ];
  const held = ehr.store.count('Communication');
  line(
    `Read       ${shown(run.read)} rows of the last ${daysShown} days in ${run.windows} request${run.windows === 1 ? '' : 's'}: ${shown(run.added)} messages and replies`,
  );
  line(`Delivered  ${shown(counts.delivered)}; the EHR holds ${shown(held)} Communications`);
  for (const [name, reasons] of [
    ['Skipped', skipped],
    ['Waiting', waiting],
    ['Rejected', rejected],
  ] as const) {
    for (const { code, problem, count } of reasons) line(`${name.padEnd(10)} ${shown(count)}, ${code}: ${problem}`);
  }
  line();
  return [
    ...(run.state === 'done' ? [] : [`The first run is "${run.state}".`]),
    ...(counts.delivered > 0 && counts.delivered === held ? [] : ['The EHR does not hold what was delivered.']),
    ...(sum(skipped) > 0 ? [] : ['No message to staff was skipped.']),
    ...(sum(waiting) === 1 ? [] : ['The message for the new patient does not wait.']),
    ...(sum(rejected) === 2 ? [] : ['Not exactly the two bad rows were rejected.']),
  ];
}

function pointOut({ ehr, serviceUrl }: Stage, { line }: Teller): void {
  const user = `${login.name}:${login.password}`;
  line('Look for yourself, in another terminal:');
  line(`  curl -u ${user} ${serviceUrl}/status`);
  line(`  curl -u ${user} '${serviceUrl}/records?state=rejected'`);
  line(`  curl '${ehr.url}/Communication?identifier=${encodeURIComponent(`${system}|${shownId}`)}'`);
  line('The Patient whom one message waits for is registered, and the message goes:');
  const patient = '{"resourceType":"Patient","id":"new-patient"}';
  line(`  curl -X PUT -H 'Content-Type: application/fhir+json' -d '${patient}' ${ehr.url}/Patient/new-patient`);
  line(`  curl -u ${user} -H 'Content-Type: application/json' -d '{"state":"waiting"}' ${serviceUrl}/records/release`);
  line();
}

const system = `${canonicalBase}/sid/sms-outgoing-message-id`;

/** One message arrives at last; the next run brings that into the chart. */
async function change({ vendor, ehr }: Stage, operator: Operator, { line }: Teller): Promise<readonly string[]> {
  const before = await communication(ehr.url);
  vendor.messages.change(shownId, arrived);
  line('At Dialog Health one message has arrived (delivered: "false" becomes "true"). A run, asked for by POST /runs:');
  const run = await operator.run();
  const after = await communication(ehr.url);
  line(
    `Read       ${shown(run.read)} rows of the last hour again: ${shown(run.added)} new, ${shown(run.changed)} changed`,
  );
  line(`Before     ${described(before)}`);
  line(`After      ${described(after)}`);
  if (after?.id !== undefined) {
    line();
    line(`  curl ${ehr.url}/Communication/${after.id}/_history`);
  }
  line();
  const asTold =
    before?.meta?.versionId === '1' &&
    after?.meta?.versionId === '2' &&
    before.id === after.id &&
    before.status !== 'completed' &&
    after.status === 'completed';
  return asTold ? [] : ['The change did not arrive as version 2 of the same Communication.'];
}

/** The Communication of that message, as anybody would find it. */
async function communication(ehrUrl: string): Promise<Communication | undefined> {
  const found = await fetch(`${ehrUrl}/Communication?identifier=${encodeURIComponent(`${system}|${shownId}`)}`);
  const bundle: { readonly entry?: readonly { readonly resource?: Communication }[] } = JSON.parse(await found.text());
  return bundle.entry?.length === 1 ? bundle.entry[0]?.resource : undefined;
}

const described = (resource: Communication | undefined): string =>
  resource === undefined
    ? 'none, or more than one'
    : `Communication/${resource.id} version ${resource.meta?.versionId}, status ${resource.status}`;

const shown = (count: number): string => count.toLocaleString('en-US');

const sum = (reasons: readonly Reason[]): number => reasons.reduce((total, { count }) => total + count, 0);
