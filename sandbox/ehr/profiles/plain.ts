import type { Profile } from './profile.ts';

/** R4 as it is written, all of it offered: an EHR that is none of those that can be bought. */
export const plain: Profile = {
  offers: {
    interactions: {
      Communication: ['read', 'vread', 'update', 'delete', 'history-instance', 'create', 'search-type'],
      Patient: ['read', 'vread', 'update', 'delete', 'history-instance', 'create', 'search-type'],
    },
    searches: {
      Communication: ['_id', 'identifier', 'subject', 'patient'],
      Patient: ['_id', 'identifier'],
    },
    updateCreate: true,
    conditionalCreate: true,
    conditionalUpdate: true,
    transaction: true,
    batch: true,
  },
  says: { software: 'Sandbox EHR', versioning: 'versioned', keepsQuiet: [] },
  habits: {
    referentialIntegrity: true,
    otherTypes: [],
    minds: 'structure',
    parsesBundlesWhole: false,
    takesDigitsAsId: true,
    takesIdInCondition: true,
    revivesByCondition: true,
    equalCreates: 'each',
    ifMatchOnNew: 'refused',
    searchCacheMs: 0,
    locatesUpdates: true,
    textIn: 'diagnostics',
    tellsWait: ['retry-after'],
  },
  limits: {},
  words: {
    'not-found': { status: 404, code: 'not-found', text: 'There is no such resource.' },
    deleted: { status: 410, code: 'deleted', text: 'It was deleted.' },
    'not-allowed': { status: 405, code: 'not-supported', text: '{method} is not offered here.' },
    'id-not-there': {
      status: 405,
      code: 'not-supported',
      text: 'The EHR chooses ids, and there is no resource with this one.',
    },
    'id-not-possible': { status: 400, code: 'invalid', text: 'That cannot be an id.' },
    'id-all-digits': { status: 400, code: 'invalid', text: 'An id of digits is for the EHR to give.' },
    'id-not-that-of-the-address': {
      status: 400,
      code: 'invalid',
      text: 'The resource has to have the id of the address.',
    },
    'id-in-condition': { status: 400, code: 'invalid', text: 'The EHR chooses the id of what is new.' },
    'deleted-id-in-condition': { status: 409, code: 'conflict', text: 'What had this id was deleted.' },
    'condition-not-offered': { status: 412, code: 'not-supported', text: 'Conditional {interaction} is not offered.' },
    'several-fit-create': {
      status: 412,
      code: 'multiple-matches',
      text: 'More than one resource fits If-None-Exist.',
    },
    'several-fit-update': { status: 412, code: 'multiple-matches', text: 'More than one resource fits.' },
    'search-parameter-unknown': {
      status: 400,
      code: 'not-supported',
      text: 'There is no search parameter "{parameter}" here.',
    },
    'stale-version': { status: 412, code: 'conflict', text: 'If-Match names another version. There is {version}.' },
    // As servers do, with the reference in it: clients must not log what they are answered.
    'reference-missing': { status: 400, code: 'invalid', text: 'Resource {reference} not found.' },
    'reference-elsewhere': { status: 400, code: 'invalid', text: '{reference} is not of this EHR.' },
    'reference-fits-none': { status: 404, code: 'not-found', text: 'Nothing fits {reference}.' },
    'reference-fits-several': { status: 412, code: 'multiple-matches', text: 'More than one fits {reference}.' },
    // What is not valid tells so by itself.
    'not-valid': { status: 422, code: 'invalid', text: '' },
    'not-parsed': { status: 400, code: 'structure', text: 'The body cannot be parsed.' },
    'bundle-not-offered': { status: 400, code: 'not-supported', text: 'Bundles of this type are not offered.' },
    'duplicate-in-transaction': {
      status: 400,
      code: 'duplicate',
      text: 'Another entry of the transaction writes the same resource.',
    },
    'too-many-entries': { status: 413, code: 'too-costly', text: 'A Bundle may have {limit} entries at most.' },
    'too-many-entries-with-condition': {
      status: 413,
      code: 'too-costly',
      text: 'A transaction with conditions may have {limit} entries at most.',
    },
    'too-many-updates': { status: 413, code: 'too-costly', text: 'A transaction may update {limit} at most.' },
    'body-too-large': { status: 413, code: 'too-long', text: 'The body is too large.' },
    'resource-too-large': { status: 413, code: 'too-long', text: 'The resource is too large.' },
    throttled: { status: 429, code: 'throttled', text: 'Too many requests.' },
    raced: { status: 409, code: 'conflict', text: 'Somebody else writes it at this moment.' },
  },
};
