import type { ListNode, MapEntry, MapNode, MappingNode } from './mapping-file.ts';
import type { Report } from './mistakes.ts';

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
  const own = Map.groupBy(over.items, (item) => textIn(item, name));
  own.delete(undefined);
  const names = new Set(base.items.map((item) => textIn(item, name)));
  const kept = base.items
    .flatMap((item) => own.get(textIn(item, name)) ?? [item])
    .filter((item) => !isLeftOut(item, name));
  // What has no name, or one that is not there to be left out, stays for the check to tell.
  const added = over.items.filter((item) => !names.has(textIn(item, name)));
  const items = [...kept, ...added];
  return items.length === 0 ? undefined : { ...over, items };
}

function textIn(item: MappingNode, name: string): string | undefined {
  const node = item.kind === 'map' ? entryOf(item, name)?.node : undefined;
  return node?.kind === 'value' ? String(node.value) : undefined;
}

const isOmitted = (node: MappingNode): boolean => node.kind === 'value' && node.value === omitted;

/** An extension or identifier of which only the name is left goes as a whole. */
const isLeftOut = (item: MappingNode, name: string): boolean =>
  item.kind === 'map' &&
  item.entries.length > 1 &&
  item.entries.every(({ key, node }) => key === name || isOmitted(node));

const entryOf = (map: MapNode, key: string): MapEntry | undefined => map.entries.find((entry) => entry.key === key);

/**
 * What the EHR finds a message by must stay: with another id or identifier messages would be written twice, or one over
 * another. Leaving it out is told by the check of what R4 requires.
 */
export function reportOtherIdentity(base: MapNode, over: MapNode, report: Report): void {
  const tell = ({ place }: MappingNode, element: string, cure: string): void =>
    report(place, element, `must stay as it is, or messages would be written twice, or over each other; ${cure}`);
  const [id, ownId] = [base, over].map((map) => textIn(map, 'id'));
  const own = entryOf(over, 'id');
  if (own !== undefined && ownId !== id) tell(own.node, 'id', 'take the line out');
  const values = new Map(itemsIn(base, 'identifier').map((item) => [textIn(item, 'system'), textIn(item, 'value')]));
  for (const item of itemsIn(over, 'identifier')) {
    const system = textIn(item, 'system');
    if (values.has(system) && values.get(system) !== textIn(item, 'value'))
      tell(item, 'identifier', 'give yours a system of its own');
  }
}

function itemsIn(map: MapNode, name: string): readonly MappingNode[] {
  const node = entryOf(map, name)?.node;
  return node?.kind === 'list' ? node.items : [];
}

/**
 * As `overlaid`, for `codes.yaml`. A table without `when` and `then` adds to the one below: its rows come first, since the
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
