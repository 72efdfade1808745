/** What a policy can see of a request or a connection. */
import type { PathNormalization } from './mesh-config.ts';
import { policyPath } from './paths.ts';

export interface HttpAttributes {
  readonly host: string;
  readonly method: string;
  /** Of the path, what each normalisation makes of it. */
  readonly path: Readonly<Record<PathNormalization, string>>;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of an accepted JWT. */
  readonly claims: Readonly<Record<string, unknown>>;
}

export interface AuthorizationRequest {
  /** SPIFFE id, or null without a client certificate that the proxy verified. */
  readonly identity: string | null;
  readonly sourceAddress: string | null;
  readonly remoteAddress: string | null;
  readonly destinationAddress: string | null;
  /** Container port. */
  readonly port: number;
  readonly serverName: string;
  /** Absent on TCP chains. */
  readonly http?: HttpAttributes;
}

export type Predicate = (request: AuthorizationRequest) => boolean;

/** Normalises on demand: most policies never look at a path. */
export function pathForms(raw: string): HttpAttributes['path'] {
  return {
    get NONE() {
      return policyPath(raw, 'NONE');
    },
    get BASE() {
      return policyPath(raw, 'BASE');
    },
    get MERGE_SLASHES() {
      return policyPath(raw, 'MERGE_SLASHES');
    },
    get DECODE_AND_MERGE_SLASHES() {
      return policyPath(raw, 'DECODE_AND_MERGE_SLASHES');
    },
  };
}
