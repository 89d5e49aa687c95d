import type { Problem } from '../../exchange/problem.ts';
import type { Instant } from '../../exchange/window.ts';
import type { DestinationCheck } from '../destination.ts';
import type { Answer, Ask } from './answer.ts';
import { neededScopes, patientNeeds, type ScopeNeeds } from './auth/scopes.ts';
import { offerOf, type Offer, type OfferOptions } from './offer.ts';
import { resolvesReferences } from './patients/conditional.ts';
import { patientWords } from './patients/patient-offer.ts';
import { onPatient, searchForNobody } from './patients/patient-search.ts';
import { isResource } from './untrusted.ts';
import { requestProblem, unanswered } from './writing/answer-problem.ts';

export interface EhrCheckOptions extends OfferOptions {
  readonly ask: Ask;
  readonly now: () => Instant;
  /** What the login was granted; undefined: it does not go by scopes. */
  readonly scopes: () => { readonly granted: string | undefined } | undefined;
  /** What it offered before, where it did not keep to that. */
  readonly doubted: Offer | undefined;
}

export interface CheckedEhr {
  readonly check: DestinationCheck;
  /** Where it is suitable. */
  readonly offer?: Offer;
}

/** An id that nothing has. */
const nobody = '00000000-0000-0000-0000-000000000000';

/** Asks the EHR what it offers, and whether the login is good for that. Writes nothing. */
export async function checkEhr(options: EhrCheckOptions): Promise<CheckedEhr> {
  const { ask, now, doubted, patients = [] } = options;
  const answer = await ask({ method: 'GET', path: 'metadata' });
  if (answer.kind === 'failed') {
    const problem = unanswered(answer.problem);
    if (!problem.code.startsWith('token-')) return failed(problem, 'It did not tell what it offers (metadata).');
    // What an EHR with every offer would need; this one was not asked.
    return failed(
      problem,
      'It was not asked: there is no token.',
      scopesFor(options, { updates: true, searches: true }),
    );
  }
  const { status, body } = answer;
  if (status !== 200 || !isResource(body, 'CapabilityStatement')) {
    return failed(requestProblem(answer), 'Its answer to metadata is no CapabilityStatement.');
  }
  const offer = offerOf(body, options, now(), doubted);
  if ('problem' in offer) return failed(offer.problem, offer.why);
  const { way, bundle, searches, updates, why } = offer.suitability;
  const scopes = scopesFor(options, offer.suitability);
  const login = await tryLogin(options);
  if (login !== undefined) return failed(login.problem, login.why, scopes);
  const words = patientWords(offer.patients, patients, resolvesReferences(offer.suitability));
  return {
    offer,
    check: {
      kind: 'ready',
      write: way,
      bundle,
      why: [why, words].filter((each) => each !== '').join(' '),
      ...(searches ? { findsCopies: true } : {}),
      ...(updates ? {} : { writesOnce: true }),
      ...scopes,
    },
  };
}

/** What the login has to be granted, where it goes by scopes. */
function scopesFor(
  { scopes, patients = [] }: EhrCheckOptions,
  { updates, searches }: Pick<ScopeNeeds, 'updates' | 'searches'>,
): Pick<DestinationCheck, 'scopes'> {
  const login = scopes();
  if (login === undefined) return {};
  return { scopes: neededScopes({ updates, searches, patients: patientNeeds(patients) }, login.granted) };
}

/** Metadata is usually open to everybody: a read of what nobody has shows whether the login is good. */
async function tryLogin({ ask, patients = [] }: EhrCheckOptions): Promise<Refusal | undefined> {
  const read = refusal(await ask({ method: 'GET', path: `Communication/${nobody}` }));
  if (read !== undefined) return { problem: read, why: 'It did not let this login read a Communication.' };
  if (patientNeeds(patients) !== 'searched') return undefined;
  const searched = refusal(await ask(searchForNobody(nobody)));
  return searched === undefined
    ? undefined
    : {
        problem: onPatient(searched),
        why: 'It did not let this login search for Patients, as patient.reference wants.',
      };
}

interface Refusal {
  readonly problem: Problem;
  readonly why: string;
}

/** Why a question that writes nothing was not let in; undefined: it was. */
function refusal(answer: Answer): Problem | undefined {
  if (answer.kind === 'failed') return unanswered(answer.problem);
  return answer.status === 401 || answer.status === 403 ? requestProblem(answer) : undefined;
}

const failed = (problem: Problem, why: string, scopes: Pick<DestinationCheck, 'scopes'> = {}): CheckedEhr => ({
  check: { kind: 'failed', problem, why, ...scopes },
});
