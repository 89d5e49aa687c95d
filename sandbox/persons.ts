import type { Patient } from 'fhir/r4.js';
import { randomOf } from './random.ts';

/** Somebody invented, as Dialog Health and the EHR both know them. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly mobileNumber: string;
  readonly caregiver: { readonly name: string; readonly phone: string } | null;
  /** personMisc1 to personMisc5. */
  readonly misc: readonly (string | null)[];
}

const trees = ['Alder', 'Birch', 'Cedar', 'Elm', 'Hazel', 'Juniper', 'Linden', 'Maple', 'Rowan', 'Willow'] as const;
const areaCodes = ['202', '212', '303', '404', '512', '602', '702', '808', '907'] as const;

/** Person number so-and-so of a seed: always the same one. */
export function personOf(seed: number, number: number): Person {
  const random = randomOf(seed ^ 0x70657273, number);
  const [firstTree, ...otherTrees] = trees;
  const tree = random.pick(firstTree, ...otherTrees);
  // As in the vendor's own sample, some names come with a space in front.
  const name = `${random.chance(0.05) ? ' ' : ''}Testperson ${tree} ${number + 1}`;
  const mobileNumber = phoneNumber(seed, number);
  return {
    id: personId(random.below(10), random.hex(32), number),
    name,
    mobileNumber,
    caregiver: random.chance(0.1)
      ? { name: `Testcaregiver ${tree} ${number + 1}`, phone: phoneNumber(seed, number + 50) }
      : null,
    misc: [
      random.pick('North', 'South', 'Midwest'),
      random.pick('Yes', 'No', ''),
      random.chance(0.5) ? `Ward ${1 + random.below(9)}` : null,
      random.chance(0.2) ? 'Interpreter needed' : '',
      null,
    ],
  };
}

/** Every shape that the vendor's sample shows: 32 hexadecimal digits, a word, digits alone, digits and letters. */
function personId(shape: number, hex: string, number: number): string {
  if (shape === 0) return `Testid${number + 1}`;
  if (shape === 1)
    return `555${hex.replaceAll(/\D/g, '').padEnd(4, '0').slice(0, 4)}${String(number).padStart(3, '0')}`;
  if (shape === 2) return `01jh${hex.slice(0, 4)}${String(number).padStart(5, '0')}`;
  return hex;
}

/** 555-0100 to 555-0199 belong to nobody, in every area code. */
function phoneNumber(seed: number, number: number): string {
  const [firstCode, ...otherCodes] = areaCodes;
  const areaCode = randomOf(seed ^ 0x70686f6e, Math.floor(number / 100)).pick(firstCode, ...otherCodes);
  return `${areaCode}55501${String(number % 100).padStart(2, '0')}`;
}

/** The same persons, as Patients of an EHR that has the vendor's person ids for its own. */
export function patientsOf(seed: number, count: number): readonly Patient[] {
  return Array.from({ length: count }, (_, number) => {
    const { id, name, mobileNumber } = personOf(seed, number);
    return {
      resourceType: 'Patient',
      id,
      active: true,
      name: [{ text: name.trim() }],
      telecom: [{ system: 'phone', value: `+1${mobileNumber}`, use: 'mobile' }],
    };
  });
}
