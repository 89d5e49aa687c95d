import type { Ehr, Interaction } from './interaction.ts';
import { acceptable } from './acceptable.ts';
import { versionReply } from './read.ts';
import { refused, type Reply } from './reply.ts';
import { findByCriteria } from './search.ts';
import type { ResourceType } from './store.ts';

/** `If-None-Exist` with one match answers 200 with what is there, and leaves it as it is. */
export function performCreate(ehr: Ehr, type: ResourceType, interaction: Interaction): Reply {
  const { ifNoneExist, assignedId } = interaction;
  if (ifNoneExist !== undefined) {
    if (!ehr.offers.conditionalCreate) return refused(412, 'not-supported', 'Conditional create is not offered.');
    const found = findByCriteria(ehr, type, ifNoneExist);
    if (found.kind === 'refused') return found;
    const [id, second] = found.ids;
    if (second !== undefined) return refused(412, 'multiple-matches', 'More than one resource fits If-None-Exist.');
    const current = id === undefined ? undefined : ehr.store.current(type, id);
    if (current !== undefined) return versionReply(200, type, current);
  }
  const resource = acceptable(ehr, type, interaction);
  if (resource.kind === 'refused') return resource;
  return versionReply(201, type, ehr.store.write(type, assignedId ?? ehr.newId(), resource.content).version);
}
