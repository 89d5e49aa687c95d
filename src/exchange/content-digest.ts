import { hash } from 'node:crypto';

/**
 * Whom it is about: written as a condition or an identifier, these come back as the Patient that was found. Which
 * Patient it is is told apart from the content.
 */
const persons = ['subject', 'recipient', 'sender'];
/** What a server adds by itself. */
const serverOwn = ['id', 'meta', 'text'];

/**
 * Names the content of a Communication, of ours or as an EHR gives it back: the same whatever the order of its names.
 * Nothing of the content can be read from it.
 */
export function contentDigest(resource: Readonly<object>): string {
  const content = Object.entries(resource).filter(([name]) => !persons.includes(name) && !serverOwn.includes(name));
  return hash('sha256', JSON.stringify(inOrder(Object.fromEntries(content)))).slice(0, 32);
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  // The caregiver within it names the same Patient.
  const isCaregiver = 'resourceType' in value && value.resourceType === 'RelatedPerson';
  return Object.entries(value)
    .filter(([name]) => !(isCaregiver && name === 'patient'))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => [name, inOrder(each)]);
}
