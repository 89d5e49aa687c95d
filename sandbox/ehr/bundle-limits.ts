import type { Ehr, Interaction } from './interaction.ts';
import type { Refused } from './reply.ts';
import { refusal } from './words.ts';

/** A refusal where a Bundle has more entries than servers of that kind take. */
export function whyTooMuch(ehr: Ehr, type: string, interactions: readonly Interaction[]): Refused | undefined {
  const { bundleEntries = Infinity, entriesWithCondition = Infinity, updates = Infinity } = ehr.profile.limits;
  if (interactions.length > bundleEntries) return refusal(ehr, 'too-many-entries', { limit: bundleEntries });
  if (type !== 'transaction') return undefined;
  if (interactions.filter(({ method }) => method === 'PUT').length > updates) {
    return refusal(ehr, 'too-many-updates', { limit: updates });
  }
  if (interactions.length > entriesWithCondition && interactions.some(hasCondition)) {
    return refusal(ehr, 'too-many-entries-with-condition', { limit: entriesWithCondition });
  }
  return undefined;
}

const hasCondition = ({ method, query, ifNoneExist }: Interaction): boolean =>
  ifNoneExist !== undefined || (method === 'PUT' && query.size > 0);
