import type { MapNode, MappingNode } from './mapping-file.ts';
import { hint, type Report } from './mistakes.ts';
import { neededSettings, type MappingSettings } from './settings.ts';

/**
 * Holds the settings against `needs.yaml` of a layer: a list `needs` of `{setting, is, because}`, where `is` is a text or
 * several, each to the letter or the beginning of one (`Group/*`). A dialect whose EHR would refuse every message made
 * with these settings is told when it is loaded, not by the first message.
 */
export function checkNeeds(top: MapNode, settings: MappingSettings, report: Report): void {
  for (const { key, place, node } of top.entries) {
    if (key !== 'needs') report(place, key, `is no part of needs.yaml${hint(key, ['needs'])}`);
    else if (node.kind === 'list') node.items.forEach((item) => checkNeed(item, settings, report));
    else report(place, key, 'takes a list; put "- " before each of its items');
  }
}

function checkNeed(node: MappingNode, settings: MappingSettings, report: Report): void {
  const [[setting], wanted, [because]] = [textsOf(node, 'setting'), textsOf(node, 'is'), textsOf(node, 'because')];
  if (setting === undefined || wanted.length === 0 || because === undefined) {
    report(node.place, 'needs', 'takes setting, is and because, each a text');
    return;
  }
  const given = Object.hasOwn(neededSettings, setting) ? neededSettings[setting]?.(settings) : undefined;
  if (given === undefined) {
    report(node.place, 'needs', `"${setting}" is no setting${hint(setting, Object.keys(neededSettings))}`);
    return;
  }
  if (wanted.some((each) => fits(given, each))) return;
  const name = setting.startsWith('organization.') ? `mapping.${setting}` : setting;
  report(node.place, 'needs', `does not fit the configuration: set ${name} to ${wanted.join(' or ')}. ${because}`);
}

function textsOf(node: MappingNode, name: string): readonly string[] {
  const part = node.kind === 'map' ? node.entries.find(({ key }) => key === name)?.node : undefined;
  const items = part?.kind === 'list' ? part.items : part === undefined ? [] : [part];
  return items.flatMap((item) => (item.kind === 'value' && typeof item.value === 'string' ? [item.value] : []));
}

const fits = (given: string, wanted: string): boolean =>
  wanted.endsWith('*') ? given.startsWith(wanted.slice(0, -1)) && given.length >= wanted.length : given === wanted;
