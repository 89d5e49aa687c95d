import type { Problem } from '../../../exchange/problem.ts';
import { askSmall } from '../../../network/small-request.ts';
import type { Authorizer, AuthSurroundings, TokenAddress } from './authorizer.ts';
import { tokenAddressBook } from './token-address.ts';
import { readTokenAnswer, type TokenAnswer } from './token-answer.ts';
import { tokenKeeper } from './token-keeper.ts';

/** A secret or a key, as it is now. */
export interface Proof {
  /** Tells it from another one. Stays in memory. */
  readonly id: string;
  /** What is shown to the token endpoint, made anew for each attempt. */
  readonly show: (tokenUrl: string) => Promise<{
    readonly form: Readonly<Record<string, string>>;
    readonly headers?: Readonly<Record<string, string>>;
  }>;
}

export interface TokenLogin {
  readonly tokenAddress: TokenAddress;
  readonly scope: string;
  /** What there is to show now; undefined where it cannot be read. May throw. */
  readonly proof: () => Proof | undefined;
  /** What is shown holds times. */
  readonly dated: boolean;
}

/** A token request takes no longer, however long the EHR may take. */
const longestTokenRequestMs = 30_000;

/**
 * The grant `client_credentials` (RFC 6749, 4.4), by whatever proves who we are. It is read for every request; where a
 * new one is refused, the one that worked last is shown once more, so that an exchanged file does no harm before its
 * counterpart is known to the other side.
 */
export function tokenLogin(login: TokenLogin, surroundings: AuthSurroundings): Authorizer {
  const { scope, dated } = login;
  const limits = { ...surroundings, timeoutMs: Math.min(surroundings.timeoutMs, longestTokenRequestMs) };
  const addresses = tokenAddressBook(login.tokenAddress, limits);
  let worked: Proof | undefined;

  async function ask(url: string, proof: Proof): Promise<TokenAnswer> {
    const { form, headers = {} } = await proof.show(url);
    const grant = { grant_type: 'client_credentials', ...(scope === '' ? {} : { scope }), ...form };
    const answer = await askSmall({
      ...limits,
      method: 'POST',
      url,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams(grant).toString(),
    });
    return readTokenAnswer(answer, dated);
  }

  async function fetchToken(): Promise<TokenAnswer> {
    const address = await addresses.find();
    if (address.kind === 'failed') return address;
    const present = presentProof(login.proof) ?? worked;
    if (present === undefined) return failed({ code: 'token-key-unusable' });
    const answer = await ask(address.url, present);
    if (answer.kind === 'token') {
      worked = present;
      return answer;
    }
    if (isOfProof(answer.problem) && worked !== undefined && worked.id !== present.id) {
      const again = await ask(address.url, worked);
      if (again.kind === 'token') return again;
    }
    addresses.forget();
    return answer;
  }

  return tokenKeeper(fetchToken, surroundings.now);
}

/** It was refused for what was shown. */
const isOfProof = ({ code }: Problem): boolean => code === 'token-refused' || code === 'token-clock-skew';

function presentProof(read: TokenLogin['proof']): Proof | undefined {
  try {
    return read();
  } catch {
    // The text of the error may hold the secret.
    return undefined;
  }
}

const failed = (problem: Problem): TokenAnswer => ({ kind: 'failed', problem });
