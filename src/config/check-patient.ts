import type { ServiceSettings } from './config.ts';
import type { Mistake, SettingPath } from './setting-mistakes.ts';

type ForAll = ServiceSettings['patient'];
type Own = ServiceSettings['sources'][number]['patient'];

/** What the settings for the Patients of a source, its own before those for all, say together that cannot be. */
export function checkPatient(own: Own, forAll: ForAll, ownPath: SettingPath): readonly Mistake[] {
  const { reference, system, verify } = { ...forAll, ...own };
  // What is for all is told there, and once.
  const pathOf = (name: 'reference' | 'system' | 'verify'): SettingPath =>
    own[name] === undefined && own.reference === undefined ? ['patient', name] : [...ownPath, name];
  const goesBy = [pathOf('reference')];
  const mistakes: Mistake[] = [];
  if ((reference === 'lookup' || reference === 'conditional') && system === '') {
    mistakes.push({
      path: pathOf('system'),
      goesBy,
      message: `is needed for ${reference}: the system under which the EHR knows the person id. Example: urn:oid:2.16.840.1.113883.3.42`,
    });
  }
  if (reference === 'identifier' && verify !== 'none') {
    mistakes.push({
      path: pathOf('verify'),
      goesBy,
      message: `is ${verify}, and with reference: identifier no Patient is looked at. Write none, or reference: lookup.`,
    });
  }
  return mistakes;
}
