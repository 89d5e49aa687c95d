import { readFileSync } from 'node:fs';
import type { KeyFile } from '../destinations/fhir-server/auth/signing-keys.ts';
import { publishedKeys } from '../destinations/fhir-server/auth/signing-keys.ts';
import { publicKeys, usable } from '../login.ts';
import { readArguments } from './arguments.ts';
import { exit, Misuse, printJson, type Command } from './command.ts';
import { openConfig } from './open-config.ts';

export const jwksCommand: Command = {
  name: 'jwks',
  usage: 'jwks [--key FILE ... | --config FILE]',
  summary:
    'Prints the public keys of destination.auth.keys, or of the files, as the EHR wants them (JWKS); never a private part.',
  run(args, io) {
    const { values } = readArguments(args, jwksCommand.usage, {
      config: { type: 'string' },
      key: { type: 'string', multiple: true },
    });
    const { key: files, config } = values;
    if (files !== undefined && config !== undefined) {
      throw new Misuse(`--key and --config exclude each other.\nUsage: dialog-health-fhir ${jwksCommand.usage}`);
    }
    const printed = files === undefined ? publicKeys(openConfig(io, config).destination) : keysOfFiles(files);
    printJson(io.stdout, printed);
    return Promise.resolve(exit.done);
  },
};

/** Before there is a configuration: the EHR wants the keys when the client is registered. */
function keysOfFiles(names: readonly string[]) {
  const files = names.map((name): KeyFile => {
    const text = textOf(name);
    return { text: () => text, kid: '', alg: 'auto' };
  });
  return publishedKeys(usable(files, (index) => `${names[index]}`));
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new Misuse(`${file} cannot be read${code}. Name a file with a key (PEM, JWK or JWKS).`);
  }
}
