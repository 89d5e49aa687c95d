import type { Authorizer, AuthOptions } from './authorizer.ts';

/**
 * A token that something else renews, usually a file. It is kept until the EHR refuses it; then it is read again, and
 * the request asked once more.
 */
export function bearer({ token }: Extract<AuthOptions, { kind: 'bearer' }>): Authorizer {
  let kept: string | undefined;
  const read = (): string => `Bearer ${token().trim()}`;
  return {
    authorize: () => Promise.resolve().then(() => ({ kind: 'header', header: (kept ??= read()) })),
    renew: (refused) =>
      Promise.resolve().then(() => {
        // Refused together with others, one of which has renewed it already.
        if (kept === refused) kept = read();
        return true;
      }),
    scopes: () => ({ granted: undefined }),
  };
}
