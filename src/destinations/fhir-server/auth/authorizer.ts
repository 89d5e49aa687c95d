/** How this service shows the EHR who it is. Secrets are functions: one that stands in a file may be replaced. */
export type AuthOptions =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly username: string; readonly password: () => string }
  | { readonly kind: 'bearer'; readonly token: () => string };

/** The contract of every auth kind. One file per kind beside this one; `registry.ts` lists them. */
export interface Authorizer {
  /** The `Authorization` header of the next request; undefined where there is none. */
  header(): Promise<string | undefined>;
  /**
   * The EHR answered 401 to this header. Gets a new one where that is possible, and tells whether asking once more
   * makes sense. Requests that were refused together renew once.
   */
  renew(refused: string | undefined): Promise<boolean>;
}
