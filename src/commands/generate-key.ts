import { randomBytes } from 'node:crypto';
import { readArguments } from './arguments.ts';
import { exit, printLine, type Command } from './command.ts';

const keyBytes = 32;

export const generateKeyCommand: Command = {
  name: 'generate-key',
  usage: 'generate-key',
  summary: 'Prints a new key for ledger.encryptionKey or mapping.keySecret.',
  run(args, io) {
    readArguments(args, generateKeyCommand.usage, {});
    printLine(io.stdout, randomBytes(keyBytes).toString('base64'));
    return Promise.resolve(exit.done);
  },
};
