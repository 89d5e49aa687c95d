import { inject } from 'vitest';

/** What HL7's validator says of one place in a resource. */
export interface Finding {
  readonly severity: 'fatal' | 'error' | 'warning' | 'information';
  /** The element, as a FHIRPath. */
  readonly where: string;
  readonly message: string;
  /** The validator's own name of the rule. */
  readonly id: string;
}

/** By what a resource is judged: R4 as it was published, or our own definitions too (and one profile of them). */
export type Rules = { readonly by: 'r4' } | { readonly by: 'ours'; readonly profile?: string };

/** What the validator has against a resource. What it merely mentions (`information`) is left out. */
export async function findingsOf(resource: unknown, rules: Rules): Promise<readonly Finding[]> {
  const url = new URL(rules.by, inject('judge'));
  if (rules.by === 'ours' && rules.profile !== undefined) url.searchParams.set('profile', rules.profile);
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(resource) });
  if (!answer.ok) throw new Error(`the judge failed: ${await answer.text()}`);
  const findings: readonly Finding[] = JSON.parse(await answer.text());
  return findings.filter(({ severity }) => severity !== 'information');
}

export const show = ({ severity, where, message }: Finding): string => `${severity} ${where}: ${message}`;
