import { plain } from './plain.ts';
import type { Profile } from './profile.ts';

/**
 * MEDITECH Greenfield, by its published API (2026): create, read and search, and nothing that would keep a message sent
 * twice from being there twice. Its wordings are not published; these are ours, and so is that the identifier is among
 * the parameters of the search.
 */
export const meditech: Profile = {
  offers: {
    interactions: { Communication: ['read', 'create', 'search-type'], Patient: ['read', 'create', 'search-type'] },
    searches: { Communication: ['_id', 'identifier', 'subject', 'patient'], Patient: ['_id', 'identifier'] },
    updateCreate: false,
    conditionalCreate: false,
    conditionalUpdate: false,
    transaction: false,
    batch: false,
  },
  says: { software: 'MEDITECH Expanse', publisher: 'MEDITECH', versioning: 'no-version', keepsQuiet: [] },
  habits: { ...plain.habits, tellsWait: [] },
  limits: {},
  words: plain.words,
};
