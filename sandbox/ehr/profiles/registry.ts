import { azure } from './azure.ts';
import { epic } from './epic.ts';
import { firely } from './firely.ts';
import { hapi } from './hapi.ts';
import { meditech } from './meditech.ts';
import { medplum } from './medplum.ts';
import { oracleHealth } from './oracle-health.ts';
import type { Profile } from './profile.ts';

/** The servers that the EHR can be told to behave like. */
export const profiles = {
  hapi,
  medplum,
  azure,
  epic,
  'oracle-health': oracleHealth,
  meditech,
  firely,
} as const satisfies Readonly<Record<string, Profile>>;

export type ProfileName = keyof typeof profiles;

export const profileNames = Object.keys(profiles).filter(isProfileName);

export function isProfileName(name: string): name is ProfileName {
  return Object.hasOwn(profiles, name);
}
