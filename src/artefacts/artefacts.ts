import type { Communication } from 'fhir/r4.js';
import type { ListedCodes } from '../mapping/listed-codes.ts';
import { withCodes } from './code-systems.ts';
import { reasonMap, statusMap } from './concept-maps.ts';
import { guideOf, type ExampleMessage } from './guide.ts';
import { narrated } from './narrative.ts';
import { packagedArtefacts, type Artefact, type ArtefactFile } from './packaged.ts';
import { rebased } from './rebased.ts';

export interface ArtefactOptions {
  /** The canonical base of the site, without a slash at its end. */
  readonly base: string;
  /** What the mapping of the site knows of the vendor's codes. */
  readonly codes: ListedCodes;
  /** Messages as that mapping makes them. */
  readonly examples: readonly ExampleMessage[];
  /** Who publishes them, where it is not the project. */
  readonly publisher?: string;
}

/**
 * The conformance artefacts of a site: those that come with the program below the site's own base, with what its mapping
 * says of the vendor's codes, the examples, and a guide that lists them all. The same options give the same bytes.
 */
export function artefacts(options: ArtefactOptions): readonly ArtefactFile<Artefact | Communication>[] {
  const { base, codes, examples, publisher } = options;
  const made = packagedArtefacts().map(({ file, resource }) => ({
    file,
    resource: { ...mapped(rebased(resource, base), base, codes), ...(publisher === undefined ? {} : { publisher }) },
  }));
  const all = made.map(({ resource }) => resource);
  return [
    ...made.map(({ file, resource }) => ({
      file,
      resource: narrated(resource.resourceType === 'ImplementationGuide' ? guideOf(resource, all, examples) : resource),
    })),
    ...examples.map(({ name, resource }) => ({ file: `examples/Communication-${name}.json`, resource })),
  ];
}

/** What the mapping decides stands in these; the others are the same at every site. */
function mapped(resource: Artefact, base: string, { statuses, otherStatus, messageTypes }: ListedCodes): Artefact {
  const name = `${resource.resourceType}/${resource.id}`;
  if (resource.resourceType === 'ConceptMap') {
    const source = `${base}/CodeSystem/sms-message-status`;
    const map = name === 'ConceptMap/sms-status' ? statusMap : reasonMap;
    return map(resource, source, { statuses, otherStatus });
  }
  if (resource.resourceType !== 'CodeSystem') return resource;
  if (name === 'CodeSystem/sms-message-status')
    return withCodes(
      resource,
      statuses.map(({ code }) => code),
    );
  return name === 'CodeSystem/sms-message-type' ? withCodes(resource, messageTypes) : resource;
}
