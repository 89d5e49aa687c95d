import type { CapabilityOptions, Facts, WayOfWriting } from './capabilities.ts';

/** The way of writing and why it is that one; or what the EHR lacks. */
export type ChosenWay =
  | { readonly kind: 'way'; readonly way: WayOfWriting; readonly why: string }
  | { readonly kind: 'unsuitable'; readonly why: string };

/** Handing the Bundles to an integration engine needs nothing of the EHR's API. */
export const useInstead =
  'To hand the Bundles to an integration engine instead, set destination.kind to bundle-files or bundle-http.';

/**
 * The best of what the EHR offers: `put-by-id`, `conditional-update`, `conditional-create`, `search-then-create`, in
 * this order; or the one that the settings name, where the EHR has what it takes. Pure.
 */
export function chooseWay(facts: Facts, wanted: CapabilityOptions['write']): ChosenWay {
  if (wanted !== 'auto') return named(facts, wanted);
  const { isHapi, create, update, updateCreate, conditionalCreate, conditionalUpdate, identifierSearch } = facts;
  if (update && updateCreate === true) return by('put-by-id', 'It lets clients choose ids (updateCreate).');
  // HAPI never states updateCreate and lets clients choose ids that are not all digits.
  if (update && updateCreate === undefined && isHapi) return by('put-by-id', 'HAPI FHIR lets clients choose ids.');
  if (update && conditionalUpdate && identifierSearch) return by('conditional-update', reasons['conditional-update']);
  if (create && conditionalCreate) {
    return by('conditional-create', `${reasons['conditional-create']} ${later(facts)}`);
  }
  if (create) return by('search-then-create', `${searched(facts)} ${later(facts)}`);
  return lacking(update ? ['create, and updateCreate or conditionalUpdate with search by identifier'] : ['create']);
}

const reasons = {
  'put-by-id': 'destination.write says so.',
  'conditional-update': 'It finds a Communication by its identifier and updates that (conditionalUpdate).',
  'conditional-create': 'It creates a Communication only where none has its identifier (conditionalCreate).',
} as const;

/** What a setting asks for: not better than what the EHR offers, but what its owner knows to be right. */
function named(facts: Facts, way: WayOfWriting): ChosenWay {
  const lacks = lackedBy(facts, way);
  if (lacks.length > 0) return lacking(lacks, `destination.write: ${way} needs it; auto takes what there is.`);
  switch (way) {
    case 'put-by-id':
      return by(way, facts.updateCreate === true ? 'It lets clients choose ids (updateCreate).' : reasons['put-by-id']);
    case 'conditional-update':
      return by(way, reasons[way]);
    case 'conditional-create':
      return by(way, `${reasons[way]} ${later(facts)}`);
    case 'search-then-create':
      return by(way, `${searched(facts)} ${later(facts)}`);
  }
}

function lackedBy(facts: Facts, way: WayOfWriting): readonly string[] {
  const { create, update, conditionalCreate, conditionalUpdate, identifierSearch } = facts;
  const unless = (given: boolean, name: string): readonly string[] => (given ? [] : [name]);
  switch (way) {
    case 'put-by-id':
      return unless(update, 'update');
    case 'conditional-update':
      return [
        ...unless(update, 'update'),
        ...unless(conditionalUpdate, 'conditionalUpdate'),
        ...unless(identifierSearch, 'search by identifier'),
      ];
    case 'conditional-create':
      return [...unless(create, 'create'), ...unless(conditionalCreate, 'conditionalCreate')];
    case 'search-then-create':
      return unless(create, 'create');
  }
}

const lacking = (names: readonly string[], because = ''): ChosenWay => ({
  kind: 'unsuitable',
  why: [
    `Its Communication lacks ${names.join(', ')}.`,
    because,
    'Where it has that and only /metadata does not tell, set destination.assume.',
    useInstead,
  ]
    .filter((sentence) => sentence !== '')
    .join(' '),
});

const by = (way: WayOfWriting, why: string): ChosenWay => ({ kind: 'way', way, why });

const searched = ({ identifierSearch }: Facts): string =>
  identifierSearch
    ? 'It is searched by identifier before a Communication is created.'
    : 'It can create a Communication and not find one by its identifier: one whose answer was lost is for a person (outcome-unknown), and is never sent again by itself.';

const later = ({ update }: Facts): string =>
  update
    ? 'A changed status updates it by the id it got.'
    : 'It offers no update, so what was written stays as it is (destination.deliver).';
