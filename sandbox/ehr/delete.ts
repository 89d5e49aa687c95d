import type { Ehr, Interaction } from './interaction.ts';
import { refused, type Reply } from './reply.ts';
import type { ResourceType } from './store.ts';
import { staleVersion } from './update.ts';
import { refusal } from './words.ts';

/** Deleting what is gone already is no error. A Patient with messages stays, where references have to lead somewhere. */
export function performDelete(ehr: Ehr, type: ResourceType, id: string, { ifMatch }: Interaction): Reply {
  const current = ehr.store.current(type, id);
  if (current === undefined) return refusal(ehr, 'not-found', { type, id });
  const stale = staleVersion(ehr, type, current, ifMatch);
  if (stale !== undefined) return stale;
  const [about] = ehr.store.index('Communication').bySubject(`${type}/${id}`);
  if (ehr.referentialIntegrity && about !== undefined) {
    return refused(409, 'conflict', 'A Communication is about it.');
  }
  const gone = ehr.store.remove(type, id) ?? current;
  return { kind: 'done', status: 204, version: gone.version, lastUpdated: gone.lastUpdated };
}
