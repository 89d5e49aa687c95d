import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type ErrorCode,
  type Node,
  type YAMLParseError,
} from 'yaml';
import type { Place, Report } from './mistakes.ts';

/** What a mapping file says, each part with its place. */
export type MappingNode =
  | { readonly kind: 'map'; readonly place: Place; readonly entries: readonly MapEntry[] }
  | { readonly kind: 'list'; readonly place: Place; readonly items: readonly MappingNode[] }
  | { readonly kind: 'value'; readonly place: Place; readonly value: string | number | boolean };

export interface MapEntry {
  readonly key: string;
  /** Of the key. */
  readonly place: Place;
  readonly node: MappingNode;
}

export type MapNode = Extract<MappingNode, { kind: 'map' }>;
export type ListNode = Extract<MappingNode, { kind: 'list' }>;
export type ValueNode = Extract<MappingNode, { kind: 'value' }>;

/** Reads one file of a mapping. Undefined where it is not YAML, or not a map at its top; all mistakes are reported. */
export function readMappingFile(file: string, text: string, report: Report): MapNode | undefined {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  for (const errors of byLine(document.errors, (offset) => lines.linePos(offset).line)) {
    const [first] = errors;
    const told = errors.find(({ code }) => cures[code] !== undefined) ?? first;
    const place = placeAt(told.pos[0]);
    if (told.code === 'DUPLICATE_KEY') report(place, nameAt(text, told.pos[0]) ?? file, 'stands here twice; keep one');
    else report(place, file, `is not YAML: ${cures[told.code] ?? told.message}`);
  }
  if (document.errors.length > 0) return undefined;
  const top = nodeOf(document.contents, { file, placeAt, report, path: file });
  if (top?.kind === 'map') return top;
  if (top !== undefined || document.contents === null) report(placeAt(0), file, 'must be a map of names and values');
  return undefined;
}

/** What the parser says of the mistakes that people make most, in words that tell what to do. */
const cures: Readonly<Partial<Record<ErrorCode, string>>> = {
  BAD_ALIAS: 'a * without quotes means something else to it; write "*"',
  BLOCK_IN_FLOW: 'a - without quotes cannot stand inside [ ] or { }; write "-"',
  TAB_AS_INDENT: 'a line is indented by a tab; write spaces',
  MULTIPLE_DOCS: 'a line of --- begins another file; take it out',
  BLOCK_AS_IMPLICIT_KEY:
    'this line or the next is not indented as its neighbours are, or a text with a colon in it wants quotes',
};

/** One mistake makes several errors, most of them in its line: they are told once. */
function byLine(
  errors: readonly YAMLParseError[],
  lineOf: (offset: number) => number,
): Iterable<readonly [YAMLParseError, ...YAMLParseError[]]> {
  const lines = new Map<number, [YAMLParseError, ...YAMLParseError[]]>();
  for (const error of errors) {
    const line = lineOf(error.pos[0]);
    const found = lines.get(line);
    if (found === undefined) lines.set(line, [error]);
    else found.push(error);
  }
  return lines.values();
}

const nameAt = (text: string, offset: number): string | undefined => /^["']?([^"':\s]+)/.exec(text.slice(offset))?.[1];

interface Surroundings {
  readonly file: string;
  readonly placeAt: (offset: number) => Place;
  readonly report: Report;
  readonly path: string;
}

/** Undefined where the node is a mistake, which is reported. */
function nodeOf(node: Node | null, around: Surroundings): MappingNode | undefined {
  const place = around.placeAt(node?.range?.[0] ?? 0);
  const { report, path } = around;
  if (isMap<Node, Node | null>(node)) {
    const entries = node.items.flatMap(({ key, value }) => {
      const name = isScalar(key) && typeof key.value === 'string' ? key.value : undefined;
      const keyPlace = around.placeAt(key.range?.[0] ?? 0);
      if (name === undefined) {
        report(keyPlace, path, 'has a name that is no text');
        return [];
      }
      const below = { ...around, path: path === around.file ? name : `${path}.${name}` };
      if (value === null || (isScalar(value) && value.value === null)) {
        report(keyPlace, below.path, `has no value; write one, or take the line out${commaHint(name)}`);
        return [];
      }
      const child = nodeOf(value, below);
      return child === undefined ? [] : [{ key: name, place: keyPlace, node: child }];
    });
    return { kind: 'map', place, entries };
  }
  if (isSeq<Node | null>(node)) {
    const items = node.items.flatMap((item, index) => nodeOf(item, { ...around, path: `${path}[${index}]` }) ?? []);
    return { kind: 'list', place, items };
  }
  if (isAlias(node)) report(place, path, 'is a YAML alias; write the value out');
  if (!isScalar(node)) return undefined;
  const { value } = node;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return { kind: 'value', place, value };
  }
  report(
    place,
    path,
    value === null ? 'has no value; write one, or take the line out' : 'is no text, number or true/false',
  );
  return undefined;
}

/** The rest of a formula that was cut at its comma becomes a name without a value. */
const commaHint = (name: string): string =>
  name.endsWith(')') ? '. A comma inside { } or [ ] ends the formula: put the whole formula in quotes' : '';
