import { acceptable } from './acceptable.ts';
import type { Ehr, Interaction } from './interaction.ts';
import { applyPatch } from './json-patch.ts';
import { versionReply } from './read.ts';
import { refused, type Reply } from './reply.ts';
import { resourceOf, type ResourceType } from './store.ts';
import { staleVersion } from './update.ts';
import { refusal } from './words.ts';

/** JSON Patch of what is there. https://hl7.org/fhir/R4/http.html#patch */
export function performPatch(ehr: Ehr, type: ResourceType, id: string, interaction: Interaction): Reply {
  const current = ehr.store.current(type, id);
  const there = resourceOf(current);
  if (there === undefined) return refusal(ehr, 'not-found', { type, id });
  const stale = staleVersion(ehr, type, current, interaction.ifMatch);
  if (stale !== undefined) return stale;
  const patched = applyPatch(there, interaction.resource);
  if (patched.kind === 'unfit') return refused(422, 'invalid', patched.why);
  const accepted = acceptable(ehr, type, { ...interaction, resource: patched.value });
  if (accepted.kind === 'refused') return accepted;
  return versionReply(200, type, ehr.store.write(type, id, accepted.content).version);
}
