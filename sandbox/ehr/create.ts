import type { Ehr, Interaction } from './interaction.ts';
import { acceptable } from './acceptable.ts';
import { versionReply } from './read.ts';
import type { Reply } from './reply.ts';
import { findByCriteria } from './search.ts';
import type { ResourceType } from './store.ts';
import { refusal } from './words.ts';

/** `If-None-Exist` with one match answers 200 with what is there, and leaves it as it is. */
export function performCreate(ehr: Ehr, type: ResourceType, interaction: Interaction): Reply {
  const { ifNoneExist, assignedId } = interaction;
  if (ifNoneExist !== undefined) {
    if (!ehr.offers.conditionalCreate) return refusal(ehr, 'condition-not-offered', { interaction: 'create' });
    const found = findByCriteria(ehr, type, ifNoneExist);
    if (found.kind === 'refused') return found;
    const [id, second] = found.ids;
    if (second !== undefined) {
      return refusal(ehr, 'several-fit-create', { type, criteria: ifNoneExist, count: found.ids.length });
    }
    const current = id === undefined ? undefined : ehr.store.current(type, id);
    if (current !== undefined) return versionReply(200, type, current);
  }
  const resource = acceptable(ehr, type, interaction);
  if (resource.kind === 'refused') return resource;
  return versionReply(201, type, ehr.store.write(type, assignedId ?? ehr.newId(), resource.content).version);
}
