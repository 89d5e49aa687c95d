import type { Delivery, DeliveryOutcome } from '../../exchange/delivery.ts';
import type { Problem } from '../../exchange/problem.ts';
import type { Instant } from '../../exchange/window.ts';
import type { Dispatcher } from '../../network/dispatcher.ts';
import { networkFailure } from '../../network/network-failure.ts';
import { retryAfterMs } from '../../network/retry-after.ts';
import type { Destination, DestinationCheck } from '../destination.ts';
import { putBundle, putBundleDigest, putEntry, type BundleLimits } from '../put-bundle.ts';
import { isLost, verdictOn, type Answer } from './answer.ts';
import { postEntries, type Experience } from './post-entries.ts';

/** How this service shows who it is: an authorizer of any kind. */
export interface Login {
  authorize(
    signal: AbortSignal,
  ): Promise<
    | { readonly kind: 'header'; readonly header: string | undefined }
    | { readonly kind: 'failed'; readonly problem: Problem }
  >;
  /** Whether asking once more makes sense. */
  renew(refused: string | undefined): Promise<boolean>;
}

export interface BundleHttpOptions {
  readonly name: string;
  /** Where Bundles are posted to. */
  readonly url: string;
  readonly login: Login;
  readonly dispatcher: Dispatcher;
  /** Opens a connection and ends it; throws what the network throws. Undefined: it cannot be tried (a proxy). */
  readonly connect: ((signal: AbortSignal) => Promise<void>) | undefined;
  readonly bundle: BundleLimits;
  /** For one whole request, its answer included. */
  readonly timeoutMs: number;
  readonly now: () => Instant;
}

/**
 * A plain listener, as integration engines have one: each Bundle is posted, and 2xx says that it was taken. It cannot be
 * asked what it holds: what may have arrived is sent again, and is the same to whoever takes it by its id.
 */
export function makeBundleHttp(options: BundleHttpOptions): Destination {
  const { name, url, login, dispatcher, connect, timeoutMs, now } = options;
  const target = new URL(url);
  const experience: Experience = { limits: options.bundle, hasTaken: false };
  let closed: Promise<void> | undefined;

  async function postOnce(bundle: string, authorization: string | undefined, signal: AbortSignal): Promise<Answer> {
    // Nothing was sent.
    if (signal.aborted) return { kind: 'failed', failure: 'unreachable' };
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    try {
      const { statusCode, headers, body } = await dispatcher.request({
        origin: target.origin,
        path: `${target.pathname}${target.search}`,
        method: 'POST',
        headers: {
          'content-type': 'application/fhir+json; charset=utf-8',
          accept: '*/*',
          // A string of structured fields, as the IETF's draft for this header has it.
          'idempotency-key': `"${putBundleDigest(bundle)}"`,
          ...(authorization === undefined ? {} : { authorization }),
        },
        body: bundle,
        signal: deadline,
      });
      // The status is the answer, whether or not the rest of it comes.
      await body.dump().catch(() => {});
      const wait = retryAfterMs(textOf(headers['retry-after']), now());
      return { kind: 'answered', status: statusCode, ...(wait === undefined ? {} : { retryAfterMs: wait }) };
    } catch (error) {
      return { kind: 'failed', failure: deadline.aborted ? 'timeout' : (networkFailure(error) ?? 'broken') };
    }
  }

  async function post(bundle: string, signal: AbortSignal): Promise<Answer> {
    try {
      return await postWithLogin(bundle, signal);
    } catch {
      // The secret cannot be had; why is not told, since the text of the error may hold it.
      return { kind: 'no-login', problem: { code: 'ehr-unauthorized' } };
    }
  }

  /** Once more where the login was refused and can be renewed, and where the answer was lost: the same Bundle, the same key. */
  async function postWithLogin(bundle: string, signal: AbortSignal): Promise<Answer> {
    const shown = await login.authorize(signal);
    if (shown.kind === 'failed') return { kind: 'no-login', problem: shown.problem };
    const answer = await postOnce(bundle, shown.header, signal);
    if (isLost(answer) && !signal.aborted) return postOnce(bundle, shown.header, signal);
    if (answer.kind !== 'answered' || answer.status !== 401 || !(await login.renew(shown.header))) return answer;
    const renewed = await login.authorize(signal);
    return renewed.kind === 'failed' ? answer : postOnce(bundle, renewed.header, signal);
  }

  async function check(signal: AbortSignal): Promise<DestinationCheck> {
    try {
      await connect?.(signal);
    } catch (error) {
      const failure = signal.aborted ? 'unreachable' : (networkFailure(error) ?? 'unreachable');
      const verdict = verdictOn({ kind: 'failed', failure: failure === 'tls' ? 'tls' : 'unreachable' });
      const problem: Problem = verdict.kind === 'failed' ? verdict.problem : { code: 'ehr-unreachable' };
      return { kind: 'failed', problem, why: `No connection to ${target.host}.` };
    }
    const tried = connect === undefined ? 'Behind a proxy it is not tried' : 'It was reached; its login is not tried';
    return {
      kind: 'ready',
      write: 'put-by-id',
      bundle: 'batch',
      why: `Each Bundle is posted to ${url}; what the receiver makes of it cannot be told from here. ${tried} before the first Bundle: a listener takes any request for a message.`,
      cannotBeAsked: true,
    };
  }

  const send = (deliveries: readonly Delivery[], signal: AbortSignal): Promise<readonly DeliveryOutcome[]> =>
    postEntries(deliveries.map(putEntry), experience, (entries) => post(putBundle(entries), signal));

  return {
    name,
    check,
    send,
    held: (deliveries) =>
      Promise.resolve(deliveries.map(() => ({ kind: 'unknown', problem: { code: 'ehr-not-readable' } }))),
    judge: () => Promise.resolve({ kind: 'not-offered' }),
    close: () => (closed ??= dispatcher.close()),
  };
}

const textOf = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === 'string' ? header : header?.[0];
