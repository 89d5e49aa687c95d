import type { Problem } from '../../../exchange/problem.ts';
import { dayMs, type Instant } from '../../../exchange/window.ts';
import { askSmall, type SmallAnswer } from '../../../network/small-request.ts';
import { isObject, textOf } from '../untrusted.ts';
import type { AuthSurroundings, TokenAddress } from './authorizer.ts';

export type FoundAddress =
  { readonly kind: 'found'; readonly url: string } | { readonly kind: 'failed'; readonly problem: Problem };

export interface TokenAddressBook {
  find(): Promise<FoundAddress>;
  /** It was of no use: the next one who asks looks anew. */
  forget(): void;
}

/** Where tokens are had: as configured, or as the EHR says, which is asked once a day. */
export function tokenAddressBook(address: TokenAddress, surroundings: AuthSurroundings): TokenAddressBook {
  const { base, now } = surroundings;
  let known: { readonly found: FoundAddress; readonly at: Instant } | undefined;
  return {
    async find() {
      if (address.kind === 'configured') return { kind: 'found', url: address.url };
      if (known !== undefined && now() - known.at < dayMs && now() >= known.at) return known.found;
      const url = `${base}/.well-known/smart-configuration`;
      const found = readDiscovery(await askSmall({ method: 'GET', url, ...surroundings }), address.origin);
      known = found.kind === 'found' ? { found, at: now() } : undefined;
      return found;
    },
    forget() {
      known = undefined;
    },
  };
}

/**
 * The token endpoint in a smart-configuration, at that origin and no other: whoever can change what the EHR serves there
 * must not be given our login. Pure.
 */
export function readDiscovery(answer: SmallAnswer, origin: string): FoundAddress {
  if (answer.kind === 'unanswered') {
    return failed({ code: answer.failure === 'tls' ? 'ehr-tls-error' : 'ehr-unreachable' });
  }
  const { status: httpStatus, json, retryAfterMs } = answer;
  if (httpStatus === 429 || httpStatus >= 500) {
    const code = httpStatus === 429 ? 'ehr-throttled' : 'ehr-server-error';
    return failed({ code, httpStatus, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  }
  const named = httpStatus === 200 && isObject(json) ? textOf(json['token_endpoint']) : undefined;
  const url = URL.parse(named ?? '');
  if (url === null || named === undefined || url.username !== '' || url.password !== '' || url.hash !== '') {
    return failed({ code: 'token-discovery-failed', httpStatus });
  }
  if (url.origin !== origin) return failed({ code: 'token-endpoint-foreign', where: url.origin.slice(0, 200) });
  return { kind: 'found', url: named };
}

const failed = (problem: Problem): FoundAddress => ({ kind: 'failed', problem });
