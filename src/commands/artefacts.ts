import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { TranslateConfig } from '../config/config.ts';
import { exampleBase } from '../config/finish-config.ts';
import { canonicalBase } from '../config/readers.ts';
import { siteArtefacts } from '../site-artefacts.ts';
import { readArguments } from './arguments.ts';
import { exit, Misuse, printJson, printLine, type Command } from './command.ts';
import { openTranslateConfig } from './open-config.ts';

const exampleOfBase = 'https://fhir.your-hospital.org';

export const artefactsCommand: Command = {
  name: 'artefacts',
  usage: 'artefacts [--base URL] --out DIR [--config FILE] [--json]',
  summary:
    'Writes the conformance artefacts (profile, extensions, codes, maps, examples) into DIR, below --base or mapping.canonicalBase.',
  async run(args, io) {
    const { values } = readArguments(args, artefactsCommand.usage, {
      base: { type: 'string' },
      out: { type: 'string' },
      config: { type: 'string' },
      json: { type: 'boolean' },
    });
    const { out = '' } = values;
    if (out === '') throw new Misuse(`--out is missing.\nUsage: dialog-health-fhir ${artefactsCommand.usage}`);
    const config = withBase(openTranslateConfig(io, values.config), values.base);
    const files = (await siteArtefacts(config)).map(({ file, resource }) => ({ path: join(out, file), resource }));
    for (const { path, resource } of files) await replaceFile(path, `${JSON.stringify(resource, null, 2)}\n`, out);
    const written = files.map(({ path }) => path);
    if (values.json === true) printJson(io.stdout, { base: config.mapping.canonicalBase, files: written });
    else for (const path of written) printLine(io.stdout, path);
    return exit.done;
  },
};

/** The base in the charts is one: where the configuration has it, another one on the command line is a slip. */
function withBase(config: TranslateConfig, given: string | undefined): TranslateConfig {
  const configured = config.mapping.canonicalBase;
  if (given === undefined) {
    if (configured !== exampleBase) return config;
    throw new Misuse(
      `The base is missing. Give --base, or a configuration with mapping.canonicalBase. Example: --base ${exampleOfBase}`,
    );
  }
  const read = canonicalBase(given);
  if (read.kind === 'problem') throw new Misuse(`--base ${read.problem} Example: --base ${exampleOfBase}`);
  if (read.value === '') throw new Misuse(`--base is empty. Example: --base ${exampleOfBase}`);
  if (configured !== exampleBase && configured !== read.value) {
    throw new Misuse(
      `--base is not mapping.canonicalBase of the configuration, which is ${configured}. Leave --base out, or correct one of the two.`,
    );
  }
  return { ...config, mapping: { ...config.mapping, canonicalBase: read.value } };
}

/** One after the other: with `recursive`, Node never comes back where the system refuses a folder with ENOENT (/proc). */
async function makeFolder(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  await makeFolder(dirname(folder));
  await mkdir(folder);
}

/** A file of the same name is replaced as a whole, or stays as it was; every other file is left alone. */
async function replaceFile(path: string, text: string, out: string): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    await makeFolder(dirname(resolve(path)));
    await writeFile(beside, text, { flag: 'wx' });
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {});
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new Misuse(`${out} cannot be written${code}. Name a folder that can be, or one that is not there yet.`);
  }
}
