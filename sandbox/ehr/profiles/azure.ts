import { plain } from './plain.ts';
import type { Profile } from './profile.ts';

/**
 * Azure's FHIR service, by its documents and source (2026). Clients choose ids. A Bundle has 500 entries at most (400
 * when over); 429 comes with Retry-After and with its own header in milliseconds, and within a batch it fills all the
 * later entries; the same resource twice in a transaction is 400. References are not looked at.
 */
export const azure: Profile = {
  offers: plain.offers,
  says: { software: 'Azure Health Data Services FHIR service', versioning: 'versioned', keepsQuiet: [] },
  habits: {
    ...plain.habits,
    referentialIntegrity: false,
    tellsWait: ['retry-after', 'x-ms-retry-after-ms'],
  },
  limits: { bundleEntries: 500 },
  words: {
    ...plain.words,
    'not-found': {
      status: 404,
      code: 'not-found',
      text: "Resource type '{type}' with id '{id}' couldn't be found.",
    },
    'several-fit-create': {
      status: 412,
      code: 'invalid',
      text: "Received '{type}' resource has an If-None-Exist header whose criteria were not selective enough.",
    },
    'several-fit-update': {
      status: 412,
      code: 'invalid',
      text: "'{type}' resource selection criteria were not selective enough.",
    },
    'stale-version': {
      status: 412,
      code: 'conflict',
      text: "The version of the resource given in If-Match isn't the current one, which is {version}.",
    },
    'reference-fits-none': {
      status: 400,
      code: 'invalid',
      text: "Given conditional reference '{reference}' does not resolve to a resource.",
    },
    'reference-fits-several': {
      status: 400,
      code: 'invalid',
      text: "Given conditional reference '{reference}' has multiple matches.",
    },
    'not-valid': { status: 400, code: 'invalid', text: '' },
    'duplicate-in-transaction': {
      status: 400,
      code: 'invalid',
      text: "Bundle contains multiple entries that refers to the same resource '{type}/{id}'.",
    },
    'too-many-entries': {
      status: 400,
      code: 'invalid',
      text: 'The number of entries in the bundle exceeded the configured limit of {limit}.',
    },
    throttled: {
      status: 429,
      code: 'throttled',
      text: 'The server is currently throttling requests. Wait and try again.',
    },
  },
};
