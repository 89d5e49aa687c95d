import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { hashPassword } from '../http/password-hash.ts';
import { readArguments } from './arguments.ts';
import { exit, Misuse, printLine, type Command, type CommandIo } from './command.ts';

export const hashPasswordCommand: Command = {
  name: 'hash-password',
  usage: 'hash-password',
  summary: 'Reads a password from standard input (or asks for it) and prints its hash for http.users.',
  async run(args, io) {
    readArguments(args, hashPasswordCommand.usage, {});
    const password = await readPassword(io);
    if (password === '') throw new Misuse('The password is empty. Type it, or send it to standard input.');
    // What HTTP Basic cannot carry could never log in (RFC 7617).
    if (/\p{Cc}/u.test(password)) throw new Misuse('The password holds a control character. Give it on one line.');
    printLine(io.stdout, await hashPassword(password));
    return exit.done;
  },
};

async function readPassword(io: CommandIo): Promise<string> {
  if ('isTTY' in io.stdin && io.stdin.isTTY === true) return askUnseen(io);
  return (await text(io.stdin)).replace(/\r?\n$/, '');
}

/** What is typed is not shown, and never gets into the hash that goes to standard output. */
async function askUnseen({ stdin, stderr }: CommandIo): Promise<string> {
  stderr.write('Password (not shown): ');
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: stdin, output: nowhere, terminal: true });
  const left = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  const password = await Promise.race([terminal.question(''), left]);
  terminal.close();
  stderr.write('\n');
  return password;
}
