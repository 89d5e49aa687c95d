import type { StructureDefinition } from 'fhir/r4.js';

/** The packaged extract of the definitions of R4; `tools/r4-definitions.ts` makes it. */
export interface R4Definitions {
  readonly structures: readonly StructureDefinition[];
  /** The codes of each required value set by its canonical; null where no list can hold them (MIME types, currencies). */
  readonly valueSets: Readonly<Record<string, readonly string[] | null>>;
}
