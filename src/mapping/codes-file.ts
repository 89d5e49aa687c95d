import { readDecisionTable, type DecisionTable } from './decision-table.ts';
import type { MapNode, MappingNode } from './mapping-file.ts';
import { hint, type Report } from './mistakes.ts';

/** A party that a message may concern: how it is referenced, and the resource it is contained as, if any. */
export interface Party {
  readonly reference: MappingNode;
  readonly contained: MappingNode | undefined;
}

/** `codes.yaml`, read. */
export interface Codes {
  /** Undefined: the table is there, but a mistake in it was reported. */
  readonly tables: ReadonlyMap<string, DecisionTable | undefined>;
  readonly codings: ReadonlyMap<string, MappingNode>;
  readonly parties: ReadonlyMap<string, Party>;
}

const sections = ['tables', 'codings', 'parties'];

/** Reads the decision tables, and what their cells name. Mistakes are reported. */
export function readCodes(top: MapNode, fields: readonly string[], report: Report): Codes {
  for (const { key, place } of top.entries) {
    if (!sections.includes(key)) report(place, key, `is no section of codes.yaml${hint(key, sections)}`);
  }
  const section = (name: string): MapNode['entries'] => {
    const node = top.entries.find(({ key }) => key === name)?.node;
    if (node !== undefined && node.kind !== 'map') report(node.place, name, 'must be a map of names');
    return node?.kind === 'map' ? node.entries : [];
  };
  const others = (table: string): readonly string[] =>
    section('tables').flatMap(({ key }) => (key === table ? [] : [key]));
  const tables = section('tables').map(({ key, place, node }) => {
    if (node.kind !== 'map') report(place, key, 'must be a table: when, then and rows');
    return [key, node.kind === 'map' ? readDecisionTable(key, node, fields, report, others(key)) : undefined] as const;
  });
  const parties = section('parties').flatMap(({ key, place, node }) => {
    const party = node.kind === 'map' ? partyOf(key, node, report) : undefined;
    if (party === undefined) report(place, `parties.${key}`, 'needs a reference');
    return party === undefined ? [] : [[key, party] as const];
  });
  return {
    tables: new Map(tables),
    codings: new Map(section('codings').map(({ key, node }) => [key, node])),
    parties: new Map(parties),
  };
}

function partyOf(name: string, node: MapNode, report: Report): Party | undefined {
  const parts = ['reference', 'contained'];
  for (const { key, place } of node.entries) {
    if (!parts.includes(key)) report(place, `parties.${name}`, `"${key}" is no part of a party${hint(key, parts)}`);
  }
  const part = (wanted: string): MappingNode | undefined => node.entries.find(({ key }) => key === wanted)?.node;
  const reference = part('reference');
  return reference === undefined ? undefined : { reference, contained: part('contained') };
}
