import type { OperationOutcomeIssue, StructureDefinition } from 'fhir/r4.js';

/** A fault as Medplum tells it: the element, and what is wrong, in words without values. */
export interface Told {
  readonly path: string;
  readonly says: string;
}

/**
 * Medplum's validator: cardinalities, JSON types, formats and FHIRPath invariants. It is loaded when it is asked for,
 * which takes a tenth of a second. What it only warns about is told too. Undefined where it cannot read the resource.
 */
export async function loadInvariants(
  structures: readonly StructureDefinition[],
): Promise<(resource: unknown) => readonly Told[] | undefined> {
  const { indexStructureDefinitionBundle, OperationOutcomeError, validateResource } = await import('@medplum/core');
  const parameter: Parameters<typeof indexStructureDefinitionBundle>[0] = structuredClone([...structures]);
  indexStructureDefinitionBundle(parameter);
  return (resource) => {
    try {
      const read: Parameters<typeof validateResource>[0] = resource;
      return validateResource(read).flatMap(told);
    } catch (error) {
      if (!(error instanceof OperationOutcomeError)) return undefined;
      const issues: readonly OperationOutcomeIssue[] = error.outcome.issue ?? [];
      return issues.every(({ expression }) => expression === undefined) ? undefined : issues.flatMap(told);
    }
  };
}

/** Looked at by ourselves: R4's blank is not JavaScript's; and these two name a value, or no path. */
const ownRules = /^(?:String must contain non-whitespace content|Invalid reference: |Conflicting choice of type )/;

/** The diagnostics hold what an invariant was evaluated with, and are left out. */
function told({ expression, details }: OperationOutcomeIssue): readonly Told[] {
  const text = details?.text ?? 'is not valid';
  return ownRules.test(text) ? [] : [{ path: expression?.join(', ') ?? '', says: text }];
}
