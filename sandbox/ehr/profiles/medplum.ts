import { plain } from './plain.ts';
import type { Profile } from './profile.ts';

/**
 * Medplum, by its documents and source (2026). It chooses ids itself: updateCreate is false, and a PUT of a new id is
 * 404. A transaction may update 50 times, and has 8 entries at most as soon as one has a condition; it says so as a
 * plain `invalid`. The body of a conditional update has no id. References are not looked at by default. What it allows
 * is counted in points, and the wait is told in `RateLimit`.
 */
export const medplum: Profile = {
  offers: { ...plain.offers, updateCreate: false },
  says: { software: 'medplum', versioning: 'versioned', keepsQuiet: [] },
  habits: {
    ...plain.habits,
    referentialIntegrity: false,
    takesIdInCondition: false,
    textIn: 'details',
    tellsWait: ['ratelimit'],
  },
  limits: { entriesWithCondition: 8, updates: 50 },
  words: {
    ...plain.words,
    'not-found': { status: 404, code: 'not-found', text: 'Not found' },
    deleted: { status: 410, code: 'deleted', text: 'Gone' },
    'id-not-there': { status: 404, code: 'not-found', text: 'Not found' },
    'id-not-possible': { status: 404, code: 'not-found', text: 'Not found' },
    'id-not-that-of-the-address': { status: 400, code: 'invalid', text: 'Incorrect ID' },
    'id-in-condition': { status: 400, code: 'invalid', text: 'Cannot provide ID for create by update' },
    'several-fit-create': {
      status: 412,
      code: 'multiple-matches',
      text: 'Multiple resources found matching condition',
    },
    'several-fit-update': {
      status: 412,
      code: 'multiple-matches',
      text: 'Multiple resources found matching condition',
    },
    'stale-version': { status: 412, code: 'processing', text: 'Precondition Failed' },
    'reference-fits-none': {
      status: 400,
      code: 'invalid',
      text: 'Conditional reference {reference} did not match any resources',
    },
    'reference-fits-several': {
      status: 412,
      code: 'multiple-matches',
      text: 'Multiple resources found matching condition {reference}',
    },
    'not-valid': { status: 400, code: 'structure', text: '' },
    'duplicate-in-transaction': {
      status: 400,
      code: 'invalid',
      text: 'Duplicate resource identity found in batch entries',
    },
    'too-many-entries-with-condition': {
      status: 400,
      code: 'invalid',
      text: 'Transaction requires strict isolation but has too many entries',
    },
    'too-many-updates': {
      status: 400,
      code: 'invalid',
      text: 'Transaction contains more update operations than allowed',
    },
    throttled: { status: 429, code: 'throttled', text: 'Too Many Requests' },
    raced: { status: 409, code: 'conflict', text: 'Serialization failure' },
  },
};
