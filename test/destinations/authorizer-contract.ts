import { describe, expect, it, onTestFinished } from 'vitest';
import type { Authorizer, AuthOptions } from '../../src/destinations/fhir-server/auth/authorizer.ts';
import { makeAuthorizer } from '../../src/destinations/fhir-server/auth/registry.ts';
import { makeDispatcher } from '../../src/network/dispatcher.ts';
import { delivery } from './example-deliveries.ts';
import { answerWith, outcome, startScriptedEhr } from './scripted-ehr.ts';
import { serve, servedAt, wordsOf } from './served.ts';

/** One auth kind, with a secret that can be exchanged as a file is, or a token endpoint that can end its tokens. */
export interface AuthorizerUnderTest {
  readonly options: AuthOptions;
  /** The header that lets in now. */
  readonly expected: () => string | undefined;
  /** Everything that must be told to nobody. */
  readonly secrets: () => readonly string[];
  /** Another header lets in from now on; undefined where the kind has none. */
  readonly exchange?: () => void;
  /** A secret that cannot be had from now on. */
  readonly lose?: () => void;
}

/** An authorizer without an EHR, at a time of its own. */
export function alone(options: AuthOptions, now: () => number = () => servedAt): Authorizer {
  const dispatcher = makeDispatcher();
  onTestFinished(() => dispatcher.close());
  let ids = 0;
  const newId = (): string => `id-${Math.random()}-${(ids += 1)}`;
  return makeAuthorizer(options, { base: 'http://127.0.0.1:9/fhir', dispatcher, timeoutMs: 2_000, now, newId });
}

/** The header that it gives, or the code of the problem. */
export async function headerOf(authorizer: Authorizer): Promise<string | undefined> {
  const given = await authorizer.authorize(new AbortController().signal);
  return given.kind === 'header' ? given.header : given.problem.code;
}

type Made = AuthorizerUnderTest | Promise<AuthorizerUnderTest>;

const accepting = (under: AuthorizerUnderTest) => serve({}, { auth: under.options });

/** What every auth kind promises. */
export function authorizerContract(title: string, make: () => Made): void {
  describe(`${title}, as an authorizer`, () => {
    it('shows the EHR its header with every request', async () => {
      const under = await make();
      const { ehr, send } = await accepting(under);
      expect(wordsOf(await send([delivery(0), delivery(1, { unsure: true })]))).toEqual(['created', 'created']);
      expect(new Set(ehr.heard.map(({ headers }) => headers.authorization))).toEqual(new Set([under.expected()]));
    });

    it('renews once for all that were refused together', async () => {
      const under = await make();
      const authorizer = alone(under.options);
      const refused = await headerOf(authorizer);
      under.exchange?.();
      const again = await Promise.all([authorizer.renew(refused), authorizer.renew(refused)]);
      expect(again).toEqual(under.exchange === undefined ? [false, false] : [true, true]);
      const headers = await Promise.all([headerOf(authorizer), headerOf(authorizer)]);
      expect(headers).toEqual([under.expected(), under.expected()]);
      // One that was refused late finds what the others have fetched.
      await authorizer.renew(refused);
      expect(await headerOf(authorizer)).toBe(headers[0]);
    });

    it('goes on with what lets in now when the EHR refuses the old one', async () => {
      const under = await make();
      const { exchange } = under;
      if (exchange === undefined) return;
      const { ehr, send } = await serve({ authorization: () => under.expected() ?? '' }, { auth: under.options });
      expect(wordsOf(await send([delivery(0)]))).toEqual(['created']);
      exchange();
      expect(wordsOf(await send([delivery(1)]))).toEqual(['created']);
      expect(ehr.held.size).toBe(2);
    });

    it('asks once more at most, and says that the login was refused', async () => {
      const under = await make();
      const { ehr, destination, send } = await accepting(under);
      await destination.check(new AbortController().signal);
      ehr.script.push(answerWith(401, outcome('login')), answerWith(401, outcome('login')));
      const before = ehr.heard.length;
      const [refused] = await send([delivery(0)]);
      expect(refused).toMatchObject({ problem: { code: 'ehr-unauthorized', httpStatus: 401 } });
      expect(ehr.heard.length - before).toBeLessThanOrEqual(2);
    });

    it('shows the header to no other server', async () => {
      const under = await make();
      const other = await startScriptedEhr();
      const { ehr, send } = await accepting(under);
      ehr.script.push(answerWith(307, '', { location: `${other.url}/Communication` }));
      expect(wordsOf(await send([delivery(0)]))).toEqual(['ehr-unexpected-answer']);
      expect(other.heard).toEqual([]);
      await other.close();
    });

    it('tells its secret to nobody when the EHR refuses it, or when it cannot be had', async () => {
      const under = await make();
      const { ehr, destination, send } = await accepting(under);
      const echo = under.secrets().join(' ').slice(0, 10_000);
      ehr.script.push(answerWith(401, outcome('login', echo)), answerWith(401, outcome('login', echo)));
      const told: unknown[] = [await send([delivery(0)])];
      under.lose?.();
      const authorizer = alone(under.options);
      told.push(
        await authorizer.renew('another').catch(() => 'cannot'),
        await destination.check(new AbortController().signal),
      );
      ehr.script.push(answerWith(401, outcome('login', echo)));
      told.push(await send([delivery(0)]));
      for (const secret of under.secrets()) expect(JSON.stringify(told)).not.toContain(secret);
    });
  });
}
