import { demandIssues } from './demands.ts';
import type { Ehr, Interaction } from './interaction.ts';
import { isObject, type JsonObject } from './json.ts';
import { brokenReference } from './references.ts';
import { refused, type Refused } from './reply.ts';
import type { ResourceType } from './store.ts';
import { refusal } from './words.ts';

export type Acceptable = { readonly kind: 'resource'; readonly content: JsonObject } | Refused;

/** The resource of an interaction, where it may be stored as one of that type. */
export function acceptable(ehr: Ehr, type: ResourceType, { resource, deferReferences }: Interaction): Acceptable {
  const { habits, limits, words } = ehr.profile;
  if (!isObject(resource) || resource['resourceType'] !== type) {
    return refused(400, 'invalid', `A ${type} is needed.`, isObject(resource) ? `${type}.resourceType` : undefined);
  }
  const { resourceBytes = Infinity } = limits;
  if (resourceBytes < Infinity && Buffer.byteLength(JSON.stringify(resource)) > resourceBytes) {
    return refusal(ehr, 'resource-too-large', { limit: resourceBytes });
  }
  const unparsed = whatCannotBeParsed(ehr, resource);
  if (unparsed !== undefined) return unparsed;
  const issues = habits.minds === 'structure' ? ehr.check(resource) : [];
  const demanded =
    habits.demands === undefined || type !== 'Communication' ? [] : demandIssues(resource, habits.demands);
  const all = [...issues, ...demanded];
  if (all.length > 0) return { kind: 'refused', status: words['not-valid'].status, issues: all };
  const broken = deferReferences === true ? undefined : brokenReference(ehr, resource);
  return broken ?? { kind: 'resource', content: resource };
}

/** A refusal where the server minds nothing but what its parser stumbles over: codes, dates and alike. */
export function whatCannotBeParsed(ehr: Ehr, resource: unknown): Refused | undefined {
  if (ehr.profile.habits.minds !== 'what-cannot-be-parsed' || !isObject(resource)) return undefined;
  const stumble = ehr
    .check(resource)
    .find(({ code, expression = '' }) => code === 'value' && !expression.endsWith('reference'));
  return stumble === undefined ? undefined : refusal(ehr, 'not-parsed', { path: stumble.expression });
}
