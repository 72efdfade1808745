/** Who may look at the matrix, and who may ask for a sweep. */

/** As in RBAC, on virtual resources of the group `meshproof.io`; nothing else is asked for. */
export type Right =
  | { readonly resource: 'matrix'; readonly verb: 'get' }
  | { readonly resource: 'sweeps'; readonly verb: 'get' | 'create' };

export type Admission =
  | { readonly kind: 'admitted'; readonly name: string }
  | { readonly kind: 'unauthenticated'; readonly why: string }
  | { readonly kind: 'forbidden'; readonly name: string; readonly why: string }
  /** It cannot be told at the moment. Nobody is let in. */
  | { readonly kind: 'unavailable'; readonly why: string };

export interface Access {
  /** Never rejects but with the signal's reason. Words never hold the token. */
  readonly admit: (token: string, right: Right, signal: AbortSignal) => Promise<Admission>;
}

/** What may be done without a token. */
export type Anonymous = 'none' | 'read';

/** Longer ones are nobody's; a service account's has about 1200 characters. */
export const MAX_TOKEN_CHARACTERS = 8192;

/** For a controller that has been given no way to tell tokens apart. */
export const NO_TOKENS: Access = {
  admit: () => Promise.resolve({ kind: 'unauthenticated', why: 'no token is accepted here' }),
};
