import { acceptable } from './acceptable.ts';
import type { Ehr, Interaction } from './interaction.ts';
import { isObject } from './json.ts';
import { etagOf, versionReply } from './read.ts';
import { refused, type Refused, type Reply } from './reply.ts';
import { findByCriteria } from './search.ts';
import type { ResourceType, Version } from './store.ts';
import { refusal } from './words.ts';

/** 201 where it was not there before; no new version where nothing changes. */
export function performUpdate(ehr: Ehr, type: ResourceType, id: string, interaction: Interaction): Reply {
  const { resource, ifMatch } = interaction;
  const { habits } = ehr.profile;
  if (!/^[A-Za-z0-9\-.]{1,64}$/.test(id)) return refusal(ehr, 'id-not-possible', { id });
  if (isObject(resource) && resource['resourceType'] === type && resource['id'] !== id) {
    return refusal(ehr, 'id-not-that-of-the-address', { id }, `${type}.id`);
  }
  const current = ehr.store.current(type, id);
  const isNew = current?.text === undefined;
  // What was deleted has a version.
  const overlooks = current === undefined && habits.ifMatchOnNew === 'overlooked';
  const stale = overlooks ? undefined : staleVersion(ehr, type, current, ifMatch);
  if (stale !== undefined) return stale;
  if (isNew && !ehr.offers.updateCreate) {
    const refusedId = refusal(ehr, 'id-not-there', { type, id });
    return refusedId.status === 405 ? { ...refusedId, allow: 'GET' } : refusedId;
  }
  if (isNew && !habits.takesDigitsAsId && /^\d+$/.test(id)) return refusal(ehr, 'id-all-digits', { id });
  const accepted = acceptable(ehr, type, interaction);
  if (accepted.kind === 'refused') return accepted;
  const written = ehr.store.write(type, id, accepted.content);
  return versionReply(written.kind === 'created' ? 201 : 200, type, written.version);
}

/** No match creates, one match updates, several are refused. https://hl7.org/fhir/R4/http.html#cond-update */
export function performConditionalUpdate(ehr: Ehr, type: ResourceType, interaction: Interaction): Reply {
  const { query, resource, assignedId } = interaction;
  if (query.size === 0) return refused(400, 'invalid', 'An id or criteria are needed.');
  if (!ehr.offers.conditionalUpdate) return refusal(ehr, 'condition-not-offered', { interaction: 'update' });
  const found = findByCriteria(ehr, type, query.toString());
  if (found.kind === 'refused') return found;
  const [match, second] = found.ids;
  if (second !== undefined) {
    return refusal(ehr, 'several-fit-update', { type, criteria: query.toString(), count: found.ids.length });
  }
  const given = isObject(resource) && typeof resource['id'] === 'string' ? resource['id'] : undefined;
  if (match !== undefined && given !== undefined && given !== match) {
    return refused(400, 'invalid', 'What fits has another id than the resource.', `${type}.id`);
  }
  if (match === undefined && given !== undefined && !ehr.profile.habits.takesIdInCondition) {
    return refusal(ehr, 'id-in-condition', {}, `${type}.id`);
  }
  const before = given === undefined ? undefined : ehr.store.current(type, given);
  if (
    match === undefined &&
    before !== undefined &&
    before.text === undefined &&
    !ehr.profile.habits.revivesByCondition
  ) {
    return refusal(ehr, 'deleted-id-in-condition', {}, `${type}.id`);
  }
  if (match === undefined && before?.text !== undefined) {
    return refused(409, 'conflict', 'The resource with this id does not fit.', `${type}.id`);
  }
  const id = match ?? given ?? assignedId ?? ehr.newId();
  if (match === undefined && given !== undefined) return performUpdate(ehr, type, id, interaction);
  const current = match === undefined ? undefined : ehr.store.current(type, match);
  const stale = staleVersion(ehr, type, current, interaction.ifMatch);
  if (stale !== undefined) return stale;
  const accepted = acceptable(ehr, type, interaction);
  if (accepted.kind === 'refused') return accepted;
  const written = ehr.store.write(type, id, accepted.content);
  return versionReply(written.kind === 'created' ? 201 : 200, type, written.version);
}

/** A refusal when `If-Match` names another version than the one that is there. */
export function staleVersion(
  ehr: Ehr,
  type: ResourceType,
  current: Version | undefined,
  ifMatch: string | undefined,
): Refused | undefined {
  if (ifMatch === undefined) return undefined;
  const isCurrent =
    current?.text !== undefined && (ifMatch === '*' || ifMatch.replace(/^W\//, '') === `"${current.version}"`);
  if (isCurrent) return undefined;
  const version = current === undefined ? 'none' : etagOf(current.version);
  return refusal(ehr, 'stale-version', { type, id: current?.id, version, ifMatch });
}
