import type { Authorizer } from './authorizer.ts';

/** No header: the EHR is on a private network, or knows this service by its client certificate. */
export function none(): Authorizer {
  return { header: () => Promise.resolve(undefined), renew: () => Promise.resolve(false) };
}
