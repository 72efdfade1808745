/** Which requests of a fake API server go wrong, and how. */

export interface Seen {
  readonly verb: 'discover' | 'get' | 'list' | 'watch';
  readonly plural: string;
  /** Null: of the whole cluster. */
  readonly namespace: string | null;
  readonly query: Readonly<Record<string, string>>;
  /** The header of that name. */
  readonly authorization: string;
}

export type Where = Partial<Pick<Seen, 'verb' | 'plural' | 'namespace'>> & {
  /** Pages after the first. */
  readonly isContinued?: boolean;
};

export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly message?: string; readonly retryAfter?: string }
  /** Whoever stands before the server has no way to it. */
  | { readonly kind: 'no-backend' }
  /** The connection is cut without an answer. */
  | { readonly kind: 'reset' }
  /** The connection is cut in the middle of the answer. */
  | { readonly kind: 'cut' }
  /** There is never an answer. */
  | { readonly kind: 'silence' }
  /** Something else answers: a login page. */
  | { readonly kind: 'stranger' }
  /** A watch that begins well, and says this. */
  | {
      readonly kind: 'error-event';
      readonly code: number;
      readonly message?: string;
      readonly retryAfterSeconds?: number;
    }
  /** A watch that begins well and is over. */
  | { readonly kind: 'end' };

export function isAt(where: Where, seen: Seen): boolean {
  return (
    (where.verb ?? seen.verb) === seen.verb &&
    (where.plural ?? seen.plural) === seen.plural &&
    (where.namespace === undefined || where.namespace === seen.namespace) &&
    (where.isContinued ?? 'continue' in seen.query) === 'continue' in seen.query
  );
}

/** kubernetes: apimachinery/pkg/apis/meta/v1/types.go:Status */
export function statusObject(code: number, message: string, retryAfterSeconds?: number): unknown {
  const details = retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } };
  const reason = code === 404 ? { reason: 'NotFound' } : {};
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code, ...reason, ...details };
}
