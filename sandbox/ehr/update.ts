import { acceptable } from './acceptable.ts';
import type { Ehr, Interaction } from './interaction.ts';
import { isObject } from './json.ts';
import { etagOf, versionReply } from './read.ts';
import { refused, type Refused, type Reply } from './reply.ts';
import { findByCriteria } from './search.ts';
import type { ResourceType, Version } from './store.ts';

/** 201 where it was not there before; no new version where nothing changes. */
export function performUpdate(ehr: Ehr, type: ResourceType, id: string, interaction: Interaction): Reply {
  const { resource, ifMatch } = interaction;
  if (!/^[A-Za-z0-9\-.]{1,64}$/.test(id)) return refused(400, 'invalid', 'That cannot be an id.');
  if (isObject(resource) && resource['resourceType'] === type && resource['id'] !== id) {
    return refused(400, 'invalid', 'The resource has to have the id of the address.', `${type}.id`);
  }
  const current = ehr.store.current(type, id);
  const stale = staleVersion(current, ifMatch);
  if (stale !== undefined) return stale;
  if (current?.text === undefined && !ehr.offers.updateCreate) {
    return {
      ...refused(405, 'not-supported', 'The EHR chooses ids, and there is no resource with this one.'),
      allow: 'GET',
    };
  }
  const accepted = acceptable(ehr, type, interaction);
  if (accepted.kind === 'refused') return accepted;
  const written = ehr.store.write(type, id, accepted.content);
  return versionReply(written.kind === 'created' ? 201 : 200, type, written.version);
}

/** No match creates, one match updates, several are refused. https://hl7.org/fhir/R4/http.html#cond-update */
export function performConditionalUpdate(ehr: Ehr, type: ResourceType, interaction: Interaction): Reply {
  const { query, resource, assignedId } = interaction;
  if (query.size === 0) return refused(400, 'invalid', 'An id or criteria are needed.');
  if (!ehr.offers.conditionalUpdate) return refused(412, 'not-supported', 'Conditional update is not offered.');
  const found = findByCriteria(ehr, type, query.toString());
  if (found.kind === 'refused') return found;
  const [match, second] = found.ids;
  if (second !== undefined) return refused(412, 'multiple-matches', 'More than one resource fits.');
  const given = isObject(resource) && typeof resource['id'] === 'string' ? resource['id'] : undefined;
  if (match !== undefined && given !== undefined && given !== match) {
    return refused(400, 'invalid', 'What fits has another id than the resource.', `${type}.id`);
  }
  if (match === undefined && given !== undefined && ehr.store.current(type, given)?.text !== undefined) {
    return refused(409, 'conflict', 'The resource with this id does not fit.', `${type}.id`);
  }
  const id = match ?? given ?? assignedId ?? ehr.newId();
  if (match === undefined && given !== undefined) return performUpdate(ehr, type, id, interaction);
  const stale = staleVersion(match === undefined ? undefined : ehr.store.current(type, match), interaction.ifMatch);
  if (stale !== undefined) return stale;
  const accepted = acceptable(ehr, type, interaction);
  if (accepted.kind === 'refused') return accepted;
  const written = ehr.store.write(type, id, accepted.content);
  return versionReply(written.kind === 'created' ? 201 : 200, type, written.version);
}

/** A refusal when `If-Match` names another version than the one that is there. */
export function staleVersion(current: Version | undefined, ifMatch: string | undefined): Refused | undefined {
  if (ifMatch === undefined) return undefined;
  const isCurrent =
    current?.text !== undefined && (ifMatch === '*' || ifMatch.replace(/^W\//, '') === `"${current.version}"`);
  if (isCurrent) return undefined;
  const there = current === undefined ? 'There is none' : `There is ${etagOf(current.version)}`;
  return refused(412, 'conflict', `If-Match names another version. ${there}.`);
}
