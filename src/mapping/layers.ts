import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { readMappingFile, type MapNode } from './mapping-file.ts';
import { hint, type Report } from './mistakes.ts';
import { overlaid, overlaidCodes, reportOtherIdentity } from './overlay.ts';

/** The folder of a mapping, and the folders that lie over it, each holding only what differs: a dialect, a site's own. */
export type Layers = readonly [string, ...string[]];

/** The files of a mapping, with everything that lies over them. */
export interface MappingFiles {
  readonly outgoing: MapNode;
  readonly reply: MapNode;
  readonly codes: MapNode;
  /** What the layers want of the settings. */
  readonly needs: readonly MapNode[];
}

const files = ['outgoing.yaml', 'reply.yaml', 'codes.yaml'] as const;
/** Only an overlay has one. */
const needsFile = 'needs.yaml';

/** Reads the files of all layers and lays them over each other. Undefined where one cannot be read; mistakes are reported. */
export function readLayers(layers: Layers, report: Report): MappingFiles | undefined {
  const [base, ...overlays] = layers;
  let [outgoing, reply, codes] = files.map((name) => readFile(base, layerName(base, base), name, report));
  const needs: MapNode[] = [];
  let complete = true;
  for (const folder of overlays) {
    const name = layerName(base, folder);
    const found = yamlFilesIn(folder, name, report);
    const read = (file: string): MapNode | undefined => {
      if (!found.includes(file)) return undefined;
      const top = readFile(folder, name, file, report);
      complete &&= top !== undefined;
      return top;
    };
    const [outgoingOver, replyOver, codesOver] = files.map(read);
    if (outgoing !== undefined && outgoingOver !== undefined) outgoing = resourceOver(outgoing, outgoingOver, report);
    if (reply !== undefined && replyOver !== undefined) reply = resourceOver(reply, replyOver, report);
    if (codes !== undefined && codesOver !== undefined) codes = overlaidCodes(codes, codesOver);
    const wanted = read(needsFile);
    if (wanted !== undefined) needs.push(wanted);
  }
  if (!complete || outgoing === undefined || reply === undefined || codes === undefined) return undefined;
  return { outgoing, reply, codes, needs };
}

function resourceOver(base: MapNode, over: MapNode, report: Report): MapNode {
  reportOtherIdentity(base, over, report);
  return overlaid(base, over);
}

/**
 * How a layer is called where a mistake is told: `dialog-health/dialects/epic` where it comes with the program, else its
 * path, from here when it is below. No other layer is called as the base is.
 */
export function layerName(base: string, folder: string): string {
  const packaged = stepsBelow(dirname(base), folder);
  if (packaged !== undefined) return packaged.join('/');
  const own = stepsBelow('.', folder) ?? folder.split(sep);
  return (own[0] === basename(base) ? ['.', ...own] : own).join('/');
}

/** The way down from a folder to another; undefined where the other is not below. */
function stepsBelow(from: string, folder: string): readonly string[] | undefined {
  const path = relative(from, folder);
  const steps = path.split(sep);
  return path === '' || steps[0] === '..' || isAbsolute(path) ? undefined : steps;
}

/** The mapping files of an overlay; each is optional, one at least must be there, and none may be misspelt. */
function yamlFilesIn(folder: string, name: string, report: Report): readonly string[] {
  const known: readonly string[] = [...files, needsFile];
  let all: readonly string[];
  try {
    all = readdirSync(folder);
  } catch (error) {
    const wanted = 'mapping.folder is a path that begins with "./", from where the service is started, or with "/"';
    report({ file: name, line: 1, column: 1 }, 'folder', `cannot be read${codeOf(error)}: ${folder}; ${wanted}`);
    return [];
  }
  // Windows hides how a name ends, and its editor adds to it.
  const found = all.filter((file) => /\.ya?ml(?:\.txt)?$/i.test(file));
  const examples = all.find((file) => file !== 'examples' && /^examples?$/i.test(file));
  if (examples !== undefined) {
    report({ file: name, line: 1, column: 1 }, examples, 'is no part of a mapping; did you mean "examples"?');
  }
  for (const file of found) {
    if (!known.includes(file)) {
      report({ file: `${name}/${file}`, line: 1, column: 1 }, file, `is no file of a mapping${hint(file, known)}`);
    }
  }
  if (found.length === 0) {
    report({ file: name, line: 1, column: 1 }, 'folder', `holds none of ${known.join(', ')}`);
  }
  return found;
}

function readFile(folder: string, layer: string, name: string, report: Report): MapNode | undefined {
  const file = `${layer}/${name}`;
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(join(folder, name));
  } catch (error) {
    const wanted = `cannot be read${codeOf(error)}; a mapping has outgoing.yaml, reply.yaml and codes.yaml`;
    report({ file, line: 1, column: 1 }, name, wanted);
    return undefined;
  }
  const text = textOf(bytes);
  if (text !== undefined) return readMappingFile(file, text, report);
  report({ file, line: 1, column: 1 }, name, 'is not UTF-8; save it with that encoding');
  return undefined;
}

/** Undefined where it is not UTF-8: replaced by �, letters would go into the charts. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
