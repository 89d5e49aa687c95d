import type { Communication } from 'fhir/r4.js';
import type { PatientPolicy } from '../../../exchange/delivery.ts';
import type { Patient, PatientName } from './patient.ts';

/** The extension with the number a message went to; `…/StructureDefinition/sms-recipient-address`. */
const address = /\/StructureDefinition\/sms-recipient-address$/;
/** Local numbers have fewer digits, and belong to many. */
const fewestDigits = 9;

/**
 * Whether the Patient is whom the message is for, as far as that can be told. A message to a caregiver carries no number
 * of the patient's: its name is compared instead. What cannot be compared does not fit. Pure.
 */
export function fits(resource: Communication, patient: Patient, verify: PatientPolicy['verify']): boolean {
  if (verify === 'none') return true;
  const number = resource.extension?.find(({ url }) => address.test(url))?.valueContactPoint?.value;
  if (verify === 'phone' && number !== undefined) {
    return patient.phones.some((phone) => sameNumber(phone, number));
  }
  const display = wordsOf(resource.subject?.display ?? '');
  return display.size > 0 && patient.names.some((name) => sameName(name, display));
}

/** With country code and without, however they are written. */
function sameNumber(one: string, other: string): boolean {
  const [shorter = '', longer = ''] = [digitsOf(one), digitsOf(other)].toSorted((a, b) => a.length - b.length);
  return shorter.length >= fewestDigits && longer.endsWith(shorter);
}

/** `+`, `00` and the `0` of a trunk are ways of writing a number, no part of it. */
const digitsOf = (number: string): string => number.replace(/\D/g, '').replace(/^0+/, '');

/** The family name and one of the given names are there, in any order. */
function sameName({ family, given, text }: PatientName, display: ReadonlySet<string>): boolean {
  if (family === '') {
    const words = wordsOf(text);
    return words.size > 0 && [...words].every((word) => display.has(word));
  }
  const isThere = (name: string): boolean => {
    const words = [...wordsOf(name)];
    return words.length > 0 && words.every((word) => display.has(word));
  };
  return isThere(family) && (given.length === 0 || given.some(isThere));
}

/** In lower case, without accents and signs. */
const wordsOf = (name: string): ReadonlySet<string> =>
  new Set(
    name
      .normalize('NFD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .split(/[^\p{L}\p{N}]+/u)
      .filter((word) => word !== ''),
  );
