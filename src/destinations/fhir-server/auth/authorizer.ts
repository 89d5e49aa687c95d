import type { Problem } from '../../../exchange/problem.ts';
import type { Instant } from '../../../exchange/window.ts';
import type { Dispatcher } from '../../../network/dispatcher.ts';
import type { KeyFile } from './signing-keys.ts';

/** How this service shows the EHR who it is. Secrets are functions: one that stands in a file may be replaced. */
export type AuthOptions =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly username: string; readonly password: () => string }
  | { readonly kind: 'bearer'; readonly token: () => string }
  | {
      readonly kind: 'client-credentials';
      readonly tokenAddress: TokenAddress;
      readonly clientId: string;
      readonly clientSecret: () => string;
      /** Empty: whatever the client was registered with. */
      readonly scope: string;
    }
  | {
      readonly kind: 'backend-services';
      readonly tokenAddress: TokenAddress;
      readonly clientId: string;
      /** The first that is there signs; the others are published only. */
      readonly keys: readonly KeyFile[];
      readonly scope: string;
      /** Where the public keys are served; told with each assertion (`jku`). Empty: nowhere. */
      readonly jwksUrl: string;
    };

/** Where tokens are had. */
export type TokenAddress =
  | { readonly kind: 'configured'; readonly url: string }
  /** As the EHR's smart-configuration says, but only at this origin. */
  | { readonly kind: 'discovered'; readonly origin: string };

/** What an authorizer that asks for tokens needs. */
export interface AuthSurroundings {
  /** The base of the EHR, without a slash at its end. */
  readonly base: string;
  readonly dispatcher: Dispatcher;
  /** For one whole request. */
  readonly timeoutMs: number;
  readonly now: () => Instant;
  /** Unique for ever. */
  readonly newId: () => string;
}

export type Authorization =
  /** The `Authorization` header of the next request; undefined where there is none. */
  | { readonly kind: 'header'; readonly header: string | undefined }
  /** None can be had now; nothing was sent to the EHR. */
  | { readonly kind: 'failed'; readonly problem: Problem };

/** The contract of every auth kind. One file per kind beside this one; `registry.ts` lists them. */
export interface Authorizer {
  /** Requests that ask at the same time share what is fetched. */
  authorize(signal: AbortSignal): Promise<Authorization>;
  /**
   * The EHR answered 401 to this header. Tells whether asking once more, with what `authorize` gives then, makes sense.
   * Requests that were refused together renew once.
   */
  renew(refused: string | undefined): Promise<boolean>;
  /** Where the login goes by scopes: those of the present token, as far as it was told. */
  readonly scopes?: () => { readonly granted: string | undefined };
}
