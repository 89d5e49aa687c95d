import type { Authorizer } from './authorizer.ts';

/** No header: the EHR is on a private network, or knows this service by its client certificate. */
export function none(): Authorizer {
  return {
    authorize: () => Promise.resolve({ kind: 'header', header: undefined }),
    renew: () => Promise.resolve(false),
  };
}
