import type { Authorizer, AuthOptions } from './authorizer.ts';
import { basic } from './basic.ts';
import { bearer } from './bearer.ts';
import { none } from './none.ts';

/** Every auth kind, by its name in `destination.auth.kind`. */
export function makeAuthorizer(options: AuthOptions): Authorizer {
  if (options.kind === 'none') return none();
  return options.kind === 'basic' ? basic(options) : bearer(options);
}
