import { plain } from './plain.ts';
import type { Profile } from './profile.ts';

/**
 * Firely Server, by its documents (2026). Clients choose ids (AllowCreateOnUpdate is on). A Bundle has 150 entries and
 * 5 MiB at most, a resource 1 MiB. Conditions do not hold against two at once, and a conditional update does not bring
 * a deleted id back: 409. Its wordings are not published; these are ours.
 */
export const firely: Profile = {
  offers: plain.offers,
  says: { software: 'Firely Server', publisher: 'Firely', versioning: 'versioned', keepsQuiet: [] },
  habits: { ...plain.habits, referentialIntegrity: false, revivesByCondition: false },
  limits: { bundleEntries: 150, bodyBytes: 5 * 1024 * 1024, resourceBytes: 1024 * 1024 },
  words: plain.words,
};
