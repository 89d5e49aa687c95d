import { isProblemCode, problemCodes } from '../exchange/problem.ts';
import { openService, type Service } from '../service.ts';
import { readArguments } from './arguments.ts';
import { exit, Misuse, printJson, printLine, type Command, type CommandIo, type ExitCode } from './command.ts';
import { openConfig } from './open-config.ts';

const pageSize = 100;

export const rejected: Command = {
  name: 'rejected',
  usage: 'rejected list|release|dismiss [--state STATE] [--code CODE] [--key KEY] [--config FILE] [--json]',
  summary: 'What a person must look at; sending it again; setting it aside. Works beside a running serve.',
  async run(args, io) {
    const { values, positionals } = readArguments(
      args,
      rejected.usage,
      {
        config: { type: 'string' },
        state: { type: 'string' },
        code: { type: 'string' },
        key: { type: 'string' },
        json: { type: 'boolean' },
      },
      1,
    );
    const [action] = positionals;
    if (action !== 'list' && action !== 'release' && action !== 'dismiss') {
      throw new Misuse(`Say what to do.\nUsage: dialog-health-fhir ${rejected.usage}`);
    }
    const config = openConfig(io, values.config);
    const access = action === 'list' ? 'reader' : 'visitor';
    const service = await openService(config, { now: io.now, access, log: 'stderr' });
    try {
      if (action === 'list') return await list(service, io, values);
      if (action === 'release') return await release(service, io, values);
      return await dismiss(service, io, values.key);
    } finally {
      await service.stop();
    }
  },
};

interface ListOptions {
  readonly state?: string | undefined;
  readonly code?: string | undefined;
  readonly json?: boolean | undefined;
}

async function list(service: Service, io: CommandIo, { state, code, json }: ListOptions): Promise<ExitCode> {
  const filter = { state: stateOf(state), ...codeOf(code) };
  const items = [];
  let cursor: string | undefined;
  do {
    const page = await service.operations.records(filter, {
      limit: pageSize,
      ...(cursor === undefined ? {} : { cursor }),
    });
    items.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  if (json === true) {
    printJson(io.stdout, { items, next: null });
  } else {
    for (const { key, source, problem, code: itsCode } of items) {
      printLine(io.stdout, `${key}  ${source}  ${itsCode}: ${problem}`);
    }
    printLine(io.stdout, `${items.length} ${filter.state}`);
  }
  return exit.done;
}

/** What is not sent: by itself it stays so. */
const listedStates = ['rejected', 'waiting', 'skipped'] as const;

function stateOf(state = 'rejected'): (typeof listedStates)[number] {
  const known = listedStates.find((each) => each === state);
  if (known === undefined) throw new Misuse(`--state is one of ${listedStates.join(', ')}.`);
  return known;
}

async function release(
  service: Service,
  io: CommandIo,
  { code, key }: { readonly code?: string; readonly key?: string },
): Promise<ExitCode> {
  if (code === undefined && key === undefined) throw new Misuse('Say which: --code CODE or --key KEY.');
  const filter = { ...codeOf(code), ...(key === undefined ? {} : { key }) };
  const count = await service.operations.release(filter, { user: 'command line', requestId: 'command line' });
  printLine(io.stdout, `${count} released`);
  return count > 0 ? exit.done : exit.failed;
}

async function dismiss(service: Service, io: CommandIo, key: string | undefined): Promise<ExitCode> {
  if (key === undefined) throw new Misuse('Say which: --key KEY.');
  const count = await service.ledger.messages.dismiss(key);
  if (count > 0) service.audit({ event: 'record_dismissed', key, user: null });
  printLine(io.stdout, count > 0 ? `${key} set aside` : `No rejected record has the key ${key}.`);
  return count > 0 ? exit.done : exit.failed;
}

function codeOf(code: string | undefined) {
  if (code === undefined) return {};
  if (!isProblemCode(code)) throw new Misuse(`There is no problem code "${code}". Codes: ${problemCodes.join(', ')}.`);
  return { code };
}
