import { makeFhirServer } from './fhir-server/fhir-server.ts';

/** Every kind of destination, by its name in `destination.kind`. */
export const destinationKinds = { 'fhir-server': makeFhirServer } as const;
