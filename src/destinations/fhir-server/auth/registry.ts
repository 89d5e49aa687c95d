import type { Authorizer, AuthOptions, AuthSurroundings } from './authorizer.ts';
import { backendServices } from './backend-services.ts';
import { basic } from './basic.ts';
import { bearer } from './bearer.ts';
import { clientCredentials } from './client-credentials.ts';
import { none } from './none.ts';

/** Every auth kind, by its name in `destination.auth.kind`. */
export function makeAuthorizer(options: AuthOptions, surroundings: AuthSurroundings): Authorizer {
  switch (options.kind) {
    case 'none':
      return none();
    case 'basic':
      return basic(options);
    case 'bearer':
      return bearer(options);
    case 'client-credentials':
      return clientCredentials(options, surroundings);
    case 'backend-services':
      return backendServices(options, surroundings);
  }
}
