import type { ListNode, MapEntry, MapNode, MappingNode } from './mapping-file.ts';

/** Stands in an overlay for an element that is to be left out. */
const omitted = '=omit()';

/** In these lists an item of an overlay takes the place of the one with the same name; other lists are replaced whole. */
const namedBy: Readonly<Record<string, string>> = { extension: 'url', identifier: 'system' };

/**
 * What a file of a mapping says once an overlay lies over it: maps are merged element by element, `=omit()` takes an
 * element away, anything else of the overlay takes the place of what was there. Every part keeps the place it was
 * written at, so that a mistake is told where it stands.
 */
export function overlaid(base: MapNode, over: MapNode): MapNode {
  const kept = base.entries.flatMap((entry) => {
    const own = entryOf(over, entry.key);
    if (own === undefined) return [entry];
    if (isOmitted(own.node)) return [];
    const node = overlaidNode(entry.key, entry.node, own.node);
    return node === undefined ? [] : [{ ...own, node }];
  });
  const added = over.entries.filter(({ key }) => entryOf(base, key) === undefined);
  return { ...base, entries: [...kept, ...added] };
}

/** Undefined: a list of which nothing is left. */
function overlaidNode(key: string, base: MappingNode, over: MappingNode): MappingNode | undefined {
  if (base.kind === 'map' && over.kind === 'map') return overlaid(base, over);
  const name = namedBy[key];
  if (name === undefined || base.kind !== 'list' || over.kind !== 'list') return over;
  return overlaidList(name, base, over);
}

function overlaidList(name: string, base: ListNode, over: ListNode): ListNode | undefined {
  const own = Map.groupBy(over.items, (item) => nameIn(item, name));
  own.delete(undefined);
  const names = new Set(base.items.map((item) => nameIn(item, name)));
  const kept = base.items.flatMap((item) => own.get(nameIn(item, name)) ?? [item]).filter((item) => !isLeftOut(item));
  // What has no name, or one that is not there to be left out, stays for the check to tell.
  const added = over.items.filter((item) => !names.has(nameIn(item, name)));
  const items = [...kept, ...added];
  return items.length === 0 ? undefined : { ...over, items };
}

function nameIn(item: MappingNode, name: string): string | undefined {
  const node = item.kind === 'map' ? entryOf(item, name)?.node : undefined;
  return node?.kind === 'value' ? String(node.value) : undefined;
}

const isOmitted = (node: MappingNode): boolean => node.kind === 'value' && node.value === omitted;

/** An extension or identifier whose value is left out goes as a whole. */
const isLeftOut = (item: MappingNode): boolean =>
  item.kind === 'map' && item.entries.some(({ node }) => isOmitted(node));

const entryOf = (map: MapNode, key: string): MapEntry | undefined => map.entries.find((entry) => entry.key === key);

/**
 * The same for `codes.yaml`. A table without `when` and `then` adds to the one below: its rows come first, since the
 * first row that fits wins. Any other table, coding or party takes the place of the one with its name.
 */
export function overlaidCodes(base: MapNode, over: MapNode): MapNode {
  return merged(base, over, (section, below, above) => {
    if (below.kind !== 'map' || above.kind !== 'map') return above;
    return merged(below, above, (_, tableBelow, tableAbove) =>
      section === 'tables' ? overlaidTable(tableBelow, tableAbove) : tableAbove,
    );
  });
}

function overlaidTable(below: MappingNode, above: MappingNode): MappingNode {
  if (below.kind !== 'map' || above.kind !== 'map') return above;
  if (entryOf(above, 'when') !== undefined || entryOf(above, 'then') !== undefined) return above;
  return merged(below, above, (part, partBelow, partAbove) =>
    part === 'rows' && partBelow.kind === 'list' && partAbove.kind === 'list'
      ? { ...partAbove, items: [...partAbove.items, ...partBelow.items] }
      : partAbove,
  );
}

type Join = (key: string, below: MappingNode, above: MappingNode) => MappingNode;

function merged(base: MapNode, over: MapNode, join: Join): MapNode {
  const kept = base.entries.map((entry) => {
    const own = entryOf(over, entry.key);
    return own === undefined ? entry : { ...own, node: join(entry.key, entry.node, own.node) };
  });
  const added = over.entries.filter(({ key }) => entryOf(base, key) === undefined);
  return { ...base, entries: [...kept, ...added] };
}
