import { readdirSync, readFileSync } from 'node:fs';
import type {
  CapabilityStatement,
  CodeSystem,
  ConceptMap,
  ImplementationGuide,
  NamingSystem,
  StructureDefinition,
  ValueSet,
} from 'fhir/r4.js';

/** What says how our Communications are to be read: definitions, codes, names. */
export type Artefact =
  CapabilityStatement | CodeSystem | ConceptMap | ImplementationGuide | NamingSystem | StructureDefinition | ValueSet;

/** A resource and the file that holds it, below the folder of all of them. */
export interface ArtefactFile<Resource> {
  readonly file: string;
  readonly resource: Resource;
}

/** The base of every URL in the packaged files. */
export const packagedBase = 'https://dialog-health-fhir.example/fhir';

const folder = new URL('../../fhir/', import.meta.url);

/** The artefacts that come with the program, by the names of their files. */
export function packagedArtefacts(): readonly ArtefactFile<Artefact>[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .map((file) => {
      const resource: Artefact = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
      return { file, resource };
    });
}
