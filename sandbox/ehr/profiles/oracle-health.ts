import { plain } from './plain.ts';
import type { Profile } from './profile.ts';

/**
 * Oracle Health Millennium, by its documents (2026). A Communication is a message in an inbox of the staff: it has a
 * category and goes to Practitioners or a Group, and is not searched by identifier. It is created and patched (JSON
 * Patch with If-Match), not updated; Bundles are batches; extensions that it does not know are 422, a stale version 409.
 */
export const oracleHealth: Profile = {
  offers: {
    interactions: {
      Communication: ['read', 'patch', 'create', 'search-type'],
      Patient: ['read', 'patch', 'create', 'search-type'],
    },
    searches: { Communication: ['_id', 'subject'], Patient: ['_id', 'identifier'] },
    updateCreate: false,
    conditionalCreate: false,
    conditionalUpdate: false,
    transaction: false,
    batch: true,
  },
  says: { software: 'Oracle Health Millennium', publisher: 'Oracle Health', versioning: 'versioned', keepsQuiet: [] },
  habits: {
    ...plain.habits,
    otherTypes: ['Practitioner', 'Group'],
    demands: { required: ['category', 'recipient'], recipients: ['Practitioner', 'Group'], extensions: 'refused' },
  },
  limits: {},
  words: {
    ...plain.words,
    'stale-version': { status: 409, code: 'conflict', text: 'If-Match names another version. There is {version}.' },
    'reference-missing': { status: 422, code: 'not-found', text: 'The reference {reference} is not known.' },
  },
};
