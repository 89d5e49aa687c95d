import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Communication } from 'fhir/r4.js';
import { Client } from 'fhir-kit-client';
import type { Delivery, DeliveryOutcome, Held, Judgement } from '../../exchange/delivery.ts';
import type { Problem } from '../../exchange/problem.ts';
import type { Instant } from '../../exchange/window.ts';
import type { Dispatcher } from '../../network/dispatcher.ts';
import type { Destination, DestinationCheck } from '../destination.ts';
import type { Answer, Ask, Question } from './answer.ts';
import type { AuthOptions } from './auth/authorizer.ts';
import { makeAuthorizer } from './auth/registry.ts';
import { missingScopeOf } from './auth/scopes.ts';
import { checkEhr } from './check-ehr.ts';
import { answered, answerOfError } from './client-error.ts';
import { readJudgement } from './judge.ts';
import { isBlind, mustAskAgain, offerMs, type Offer, type OfferOptions } from './offer.ts';
import { resolvesReferences } from './patients/conditional.ts';
import { patientDirectory } from './patients/patient-directory.ts';
import { sendByPatient } from './patients/send-by-patient.ts';
import { contradicts, unsentProblem } from './writing/answer-problem.ts';
import { heldOf } from './writing/held.ts';
import { writeAll } from './writing/write-all.ts';

export interface FhirServerOptions extends OfferOptions {
  readonly name: string;
  /** The base of the FHIR server, with or without a slash at its end. */
  readonly url: string;
  readonly auth: AuthOptions;
  readonly dispatcher: Dispatcher;
  /** For one whole request, its answer included. */
  readonly timeoutMs: number;
  readonly now: () => Instant;
  /** Ends early, without failing, when the signal says so. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** A FHIR R4 server, over fhir-kit-client. Each Communication is written as the EHR offers it, alone or in Bundles. */
export function makeFhirServer(options: FhirServerOptions): Destination {
  const { name, dispatcher, timeoutMs, now, sleep = sleepUntil } = options;
  const base = options.url.replace(/\/+$/, '');
  // A redirect is an answer like any other: followed, it would carry messages and login to where nobody sent them.
  const client = new Client({ baseUrl: base, requestOptions: { dispatcher, redirect: 'manual' } });
  const authorizer = makeAuthorizer(options.auth, { base, dispatcher, timeoutMs, now, newId: randomUUID });
  const directory = patientDirectory({ base, now });
  let offer: Offer | undefined;
  /** It does not keep what it said that it offers: it is asked again before anything more is written. */
  let doubted = false;
  let checking: Promise<DestinationCheck> | undefined;
  let closed: Promise<void> | undefined;

  /** One request, without a second try. */
  async function askOnce(question: Question, authorization: string | undefined, signal: AbortSignal): Promise<Answer> {
    if (signal.aborted) return { kind: 'failed', problem: { code: 'ehr-unreachable' } };
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const headers = {
      accept: 'application/fhir+json',
      ...(question.body === undefined ? {} : { 'content-type': 'application/fhir+json', prefer: 'return=minimal' }),
      ...(authorization === undefined ? {} : { authorization }),
      ...question.headers,
    };
    try {
      // The whole URL: for the base the client would add a slash, which some servers do not know.
      const result = await client.request(question.path === '' ? base : `${base}/${question.path}`, {
        method: question.method,
        options: { headers, signal: deadline },
        ...(question.body === undefined ? {} : { body: question.body }),
      });
      const { response } = Client.httpFor(result);
      return answered(response?.status ?? 200, result, response?.headers ?? new Headers(), now());
    } catch (error) {
      return answerOfError(error, deadline.aborted, now());
    }
  }

  /** One request, and once more where its login was refused and can be renewed. */
  async function ask(question: Question, signal: AbortSignal): Promise<Answer> {
    try {
      const first = await authorizer.authorize(signal);
      if (first.kind === 'failed') return first;
      const answer = await askOnce(question, first.header, signal);
      if (answer.kind !== 'answered') return answer;
      if (answer.status !== 401 || !(await authorizer.renew(first.header))) return scoped(question, answer);
      const second = await authorizer.authorize(signal);
      return second.kind === 'failed' ? second : scoped(question, await askOnce(question, second.header, signal));
    } catch {
      // The secret cannot be had; why is not told, since the text of the error may hold it.
      return { kind: 'failed', problem: { code: 'ehr-unauthorized' } };
    }
  }

  /** A refusal for want of a right, with the scope that is missing, or that the question needs. */
  function scoped(question: Question, answer: Answer): Answer {
    const scopes = authorizer.scopes?.();
    if (answer.kind !== 'answered' || answer.status !== 403 || scopes === undefined) return answer;
    return { ...answer, missingScope: answer.missingScope ?? missingScopeOf(question, scopes.granted) };
  }

  /** Those who ask at the same time share one answer. */
  function check(signal: AbortSignal): Promise<DestinationCheck> {
    checking ??= checkNow(signal).finally(() => {
      checking = undefined;
    });
    return checking;
  }

  async function checkNow(signal: AbortSignal): Promise<DestinationCheck> {
    const { check: told, offer: newest } = await checkEhr({
      ...options,
      ask: (question) => ask(question, signal),
      scopes: () => authorizer.scopes?.(),
      doubted: doubted ? offer : undefined,
    });
    if (newest !== undefined) [offer, doubted] = [newest, false];
    return told;
  }

  /** What the EHR offers, asked anew when that is long ago. Until it tells, what it told before holds. */
  async function currentOffer(signal: AbortSignal): Promise<Offer | Problem> {
    if (offer !== undefined && !doubted && now() - offer.askedAt < offerMs) return offer;
    const checked = await check(signal);
    if (checked.kind === 'ready') return offer ?? { code: 'ehr-unreachable' };
    const holds = checked.problem.code !== 'ehr-unsuitable' && !(doubted && isBlind(offer));
    return holds && offer !== undefined ? offer : checked.problem;
  }

  async function send(deliveries: readonly Delivery[], signal: AbortSignal): Promise<readonly DeliveryOutcome[]> {
    if (deliveries.length === 0) return [];
    const current = await currentOffer(signal);
    if ('code' in current) {
      return deliveries.map(({ key, unsure }) => ({
        kind: 'refused',
        key,
        problem: unsure ? current : unsentProblem(current),
      }));
    }
    const askNow: Ask = async (question) => {
      const answer = await ask(question, signal);
      doubted ||= contradicts(question, answer);
      return answer;
    };
    const { suitability, experience, conditional, patients } = current;
    const { way } = suitability;
    const all = await sendByPatient(deliveries, {
      directory,
      ask: askNow,
      logical: patients.logical,
      conditional: !resolvesReferences(suitability)
        ? undefined
        : {
            way,
            limits: experience.limits(),
            experience: conditional,
            send: (transaction) => askNow({ method: 'POST', path: '', body: transaction }),
          },
      write: (resolved) =>
        writeAll(resolved, { ...suitability, experience, ask: askNow, pause: (ms) => sleep(ms, signal) }),
    });
    doubted ||= all.some((outcome) => outcome.kind === 'refused' && mustAskAgain(outcome.problem, current));
    return all;
  }

  async function held(
    deliveries: readonly Delivery[],
    signal: AbortSignal,
    { everyCopy = false }: { readonly everyCopy?: boolean } = {},
  ): Promise<readonly Held[]> {
    if (deliveries.length === 0) return [];
    const current = await currentOffer(signal);
    if ('code' in current) return deliveries.map(() => ({ kind: 'unknown', problem: current }));
    const { way, searches } = current.suitability;
    return heldOf(deliveries, { way, searches, everyCopy: everyCopy && searches }, (question) => ask(question, signal));
  }

  async function judge(resource: Communication, signal: AbortSignal): Promise<Judgement> {
    const current = await currentOffer(signal);
    if ('code' in current) return { kind: 'unknown', problem: current };
    if (!current.validates) return { kind: 'not-offered' };
    const body = JSON.stringify(resource);
    return readJudgement(await ask({ method: 'POST', path: 'Communication/$validate', body }, signal));
  }

  return {
    name,
    check,
    send,
    judge,
    held,
    close: () => (closed ??= dispatcher.close()),
  };
}

async function sleepUntil(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => {});
}
