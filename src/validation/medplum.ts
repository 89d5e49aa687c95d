import type { OperationOutcomeIssue, StructureDefinition } from 'fhir/r4.js';
import type { JsonObject } from './resource-walk.ts';

/** A fault: the element, and what is wrong with it, in words without values. */
export interface Told {
  readonly path: string;
  readonly says: string;
}

/** What an invariant is asked about, and the resource it stands in. */
export interface Subject {
  readonly value: JsonObject;
  readonly type: string;
  readonly resource: JsonObject;
  /** The resource that contains it, or the same. */
  readonly rootResource: JsonObject;
}

export interface Medplum {
  /** Cardinalities, JSON types, formats, invariants of elements. Undefined where the resource cannot be read. */
  readonly issuesOf: (resource: JsonObject) => readonly Told[] | undefined;
  /** Whether a FHIRPath invariant holds; what it cannot be asked about does not hold. */
  readonly holds: (expression: string, subject: Subject) => boolean;
}

/**
 * Medplum's validator and FHIRPath. Loaded when it is asked for, which takes a tenth of a second. What the validator
 * only warns about counts.
 */
export async function loadMedplum(structures: readonly StructureDefinition[]): Promise<Medplum> {
  const medplum = await import('@medplum/core');
  const { OperationOutcomeError } = medplum;
  medplum.indexStructureDefinitionBundle(structuredClone([...structures]));
  const ucum = { type: 'string', value: 'http://unitsofmeasure.org' };
  const parsed = new Map<string, ReturnType<typeof medplum.parseFhirPath>>();
  const typed = (value: JsonObject): { type: string; value: JsonObject } => ({
    type: String(value['resourceType']),
    value,
  });
  return {
    issuesOf(resource) {
      try {
        const read: Parameters<typeof medplum.validateResource>[0] = resource;
        return medplum.validateResource(read).flatMap(told);
      } catch (error) {
        if (!(error instanceof OperationOutcomeError)) return undefined;
        const issues: readonly OperationOutcomeIssue[] = error.outcome.issue ?? [];
        return issues.every(({ expression }) => expression === undefined) ? undefined : issues.flatMap(told);
      }
    },
    holds(expression, { value, type, resource, rootResource }) {
      const read = parsed.get(expression) ?? medplum.parseFhirPath(expression);
      parsed.set(expression, read);
      const subject = { type, value };
      const variables = {
        '%context': subject,
        '%resource': typed(resource),
        '%rootResource': typed(rootResource),
        '%ucum': ucum,
      };
      try {
        const found = medplum.evalFhirPathTyped(read, [subject], variables);
        return found.length === 1 && found[0]?.value === true;
      } catch {
        return false;
      }
    },
  };
}

/**
 * Looked at by ourselves: R4's blank is not JavaScript's; Medplum takes `value` and `contentType` for a `value[x]` and a
 * `content[x]`; and two name a value, or no path.
 */
const ownRules = [
  'String must contain non-whitespace content',
  'Invalid additional property ',
  'Invalid reference: ',
  'Conflicting choice of type ',
];

/** The diagnostics hold what an invariant was evaluated with, and are left out. */
function told({ expression, details }: OperationOutcomeIssue): readonly Told[] {
  const text = details?.text ?? 'is not valid';
  return ownRules.some((rule) => text.startsWith(rule)) ? [] : [{ path: expression?.join(', ') ?? '', says: text }];
}
