import { makeBundleFiles } from './bundle-files/bundle-files.ts';
import { makeBundleHttp } from './bundle-http/bundle-http.ts';
import { makeFhirServer } from './fhir-server/fhir-server.ts';

/** Every kind of destination, by its name in `destination.kind`. */
export const destinationKinds = {
  'fhir-server': makeFhirServer,
  'bundle-files': makeBundleFiles,
  'bundle-http': makeBundleHttp,
} as const;
