import { isDeepStrictEqual } from 'node:util';
import type { PatientPolicy } from '../../exchange/delivery.ts';
import { problemKind, type Problem } from '../../exchange/problem.ts';
import { dayMs, type Instant } from '../../exchange/window.ts';
import { readCapabilities, type CapabilityOptions, type Suitability } from './capabilities.ts';
import { offersValidate } from './judge.ts';
import { conditionalExperience, type ConditionalExperience } from './patients/conditional.ts';
import {
  patientTrouble,
  readPatientOffer,
  type AssumedOfPatients,
  type PatientOffer,
} from './patients/patient-offer.ts';
import type { JsonObject } from './untrusted.ts';
import type { BundleLimits } from './writing/bundle.ts';
import { bundleExperience, type BundleExperience } from './writing/bundle-experience.ts';

/** What the EHR offers is asked again after this; sites change their servers. */
export const offerMs = dayMs;

/** What the EHR said that it offers, what follows from that, and what its answers have taught since. */
export interface Offer {
  readonly suitability: Extract<Suitability, { kind: 'suitable' }>;
  readonly experience: BundleExperience;
  readonly patients: PatientOffer;
  readonly conditional: ConditionalExperience;
  readonly validates: boolean;
  readonly askedAt: Instant;
}

export interface OfferOptions {
  readonly write: CapabilityOptions['write'];
  readonly bundle: BundleLimits & { readonly type: CapabilityOptions['bundle'] };
  readonly assume: CapabilityOptions['assume'] & AssumedOfPatients;
  readonly acceptUnsuitable: boolean;
  /** Every way in which messages name their Patients here: what the EHR lacks for one of them is told at start. */
  readonly patients?: readonly PatientPolicy[];
}

/** It lacks what is needed; `why` says what. */
export interface Unsuitable {
  readonly problem: Problem;
  readonly why: string;
}

/**
 * From the EHR's CapabilityStatement.
 * @param doubted what it said before, where it did not keep to that: when it says the same again, what its answers
 * taught still holds
 */
export function offerOf(
  statement: JsonObject,
  options: OfferOptions,
  askedAt: Instant,
  doubted?: Offer,
): Offer | Unsuitable {
  const { write, bundle, assume, acceptUnsuitable } = options;
  const suitability = readCapabilities(statement, { write, bundle: bundle.type, assume, acceptUnsuitable });
  if (suitability.kind === 'unsuitable') return { problem: { code: 'ehr-unsuitable' }, why: suitability.why };
  const patients = readPatientOffer(statement, assume);
  const trouble = patientTrouble(patients, options.patients ?? []);
  if (trouble !== undefined) return { problem: { code: 'ehr-unsuitable', where: 'Patient' }, why: trouble };
  const taught = doubted !== undefined && isDeepStrictEqual(doubted.suitability, suitability) ? doubted : undefined;
  return {
    suitability,
    experience: taught?.experience ?? bundleExperience(suitability, bundle),
    patients,
    conditional: taught?.conditional ?? conditionalExperience(),
    validates: offersValidate(statement),
    askedAt,
  };
}

/** A message must not be sent twice there, and cannot be looked for. */
export const isBlind = (offer: Offer | undefined): boolean =>
  offer?.suitability.way === 'search-then-create' && !offer.suitability.searches;

/**
 * It does not take what it said it takes. And where a lost answer is for a person, no message is to find out that the
 * EHR is still down: asking what it offers does that as well.
 */
export const mustAskAgain = ({ code }: Problem, offer: Offer): boolean =>
  code === 'ehr-unsuitable' || (isBlind(offer) && problemKind(code).scope === 'destination');
