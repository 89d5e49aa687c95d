import type { Ehr, Interaction } from './interaction.ts';
import { isObject, type JsonObject } from './json.ts';
import { brokenReference } from './references.ts';
import { refused, type Refused } from './reply.ts';
import type { ResourceType } from './store.ts';

export type Acceptable = { readonly kind: 'resource'; readonly content: JsonObject } | Refused;

/** The resource of an interaction, where it may be stored as one of that type. */
export function acceptable(ehr: Ehr, type: ResourceType, { resource, deferReferences }: Interaction): Acceptable {
  if (!isObject(resource) || resource['resourceType'] !== type) {
    return refused(400, 'invalid', `A ${type} is needed.`, isObject(resource) ? `${type}.resourceType` : undefined);
  }
  const issues = ehr.check(resource);
  if (issues.length > 0) return { kind: 'refused', status: 422, issues };
  const broken = deferReferences === true ? undefined : brokenReference(ehr, resource);
  return broken ?? { kind: 'resource', content: resource };
}
