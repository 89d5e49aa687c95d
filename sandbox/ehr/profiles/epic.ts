import { plain } from './plain.ts';
import type { Profile } from './profile.ts';

/**
 * Epic, by the metadata of its sandbox (May 2026): create, read and search, no update, no conditions, no Bundles. Its
 * Communication belongs to referrals in the community, and is no log of messages. Errors carry Epic's own numbers; a
 * wait is not told. Which parameters it is searched by depends on the site: here the identifier is among them.
 */
export const epic: Profile = {
  offers: {
    interactions: { Communication: ['read', 'create', 'search-type'], Patient: ['read', 'create', 'search-type'] },
    searches: { Communication: ['_id', 'identifier', 'subject'], Patient: ['_id', 'identifier'] },
    updateCreate: false,
    conditionalCreate: false,
    conditionalUpdate: false,
    transaction: false,
    batch: false,
  },
  says: { software: 'Epic', publisher: 'Epic', versioning: 'no-version', keepsQuiet: [] },
  habits: { ...plain.habits, textIn: 'details', tellsWait: [] },
  limits: {},
  words: {
    ...plain.words,
    'not-found': { status: 404, code: 'not-found', text: '4101: The resource was not found.' },
    'reference-missing': { status: 400, code: 'not-found', text: '59109: The reference {reference} was not found.' },
    'not-valid': { status: 400, code: 'invalid', text: '59100: Content invalid.' },
    'bundle-not-offered': { status: 405, code: 'not-supported', text: '59188: Bundles are not offered.' },
  },
};
