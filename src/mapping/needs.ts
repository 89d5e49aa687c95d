import type { MapNode, MappingNode } from './mapping-file.ts';
import { hint, type Report } from './mistakes.ts';
import { settingValues, type MappingSettings } from './settings.ts';

/** What `is` says where any text will do. */
const anything = '*';

/**
 * Holds the settings against `needs.yaml` of a layer: a list `needs` of `{setting, is, because}`. A dialect whose EHR
 * would refuse every message made with these settings is told when it is loaded, not by the first message.
 */
export function checkNeeds(top: MapNode, settings: MappingSettings, report: Report): void {
  for (const { key, place, node } of top.entries) {
    if (key !== 'needs') report(place, key, `is no part of needs.yaml${hint(key, ['needs'])}`);
    else if (node.kind === 'list') node.items.forEach((item) => checkNeed(item, settings, report));
    else report(place, key, 'takes a list; put "- " before each of its items');
  }
}

function checkNeed(node: MappingNode, settings: MappingSettings, report: Report): void {
  const part = (name: string): string | undefined => {
    const value = node.kind === 'map' ? node.entries.find(({ key }) => key === name)?.node : undefined;
    return value?.kind === 'value' && typeof value.value === 'string' ? value.value : undefined;
  };
  const [setting, wanted, because] = [part('setting'), part('is'), part('because')];
  if (setting === undefined || wanted === undefined || because === undefined) {
    report(node.place, 'needs', 'takes setting, is and because, each a text');
    return;
  }
  const given = Object.hasOwn(settingValues, setting) ? settingValues[setting]?.(settings) : undefined;
  if (given === undefined) {
    report(node.place, 'needs', `"${setting}" is no setting${hint(setting, Object.keys(settingValues))}`);
    return;
  }
  if (wanted === anything ? given !== '' : given === wanted) return;
  const cure = wanted === anything ? `set ${configured(setting)}` : `set ${configured(setting)} to ${wanted}`;
  report(node.place, 'needs', `does not fit the configuration: ${cure}. ${because}`);
}

/** As it is called in the configuration. */
const configured = (setting: string): string => (setting.startsWith('organization.') ? `mapping.${setting}` : setting);
