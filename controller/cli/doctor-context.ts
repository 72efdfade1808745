/** What the checks of `doctor` have at hand, and what each of them comes to. */
import type { ExitStatus } from '../../proto/errors.ts';
import { MeshproofError } from '../../proto/errors.ts';
import { fields, list, text } from '../declared/reading.ts';
import type { Fields } from '../declared/reading.ts';
import type { Access } from '../api-server/refusal.ts';
import type { KubernetesApi } from '../api-server/kubernetes-api.ts';
import type { Namespaces } from './cluster-options.ts';

export interface Checkup {
  readonly api: KubernetesApi;
  readonly server: string;
  readonly ownNamespace: string;
  /** Of the mesh's control plane. */
  readonly rootNamespace: string;
  /** To be measured; empty where none was named. */
  readonly namespaces: Namespaces;
  /** Our own account asks, in a pod of ours: its rights are the controller's. */
  readonly isController: boolean;
}

/** `unsure`: it could not be looked at, or it may be meant so. */
export type CheckState = 'ok' | 'fails' | 'unsure';

export interface CheckResult {
  readonly check: string;
  readonly state: CheckState;
  readonly says: string;
  /** What to do; absent where nothing is to be done. */
  readonly fix?: string;
  /** Of the command, where this is the worst that it found. */
  readonly exitStatus?: ExitStatus;
}

export type Check = (checkup: Checkup, signal: AbortSignal) => Promise<readonly CheckResult[]>;

export type Look =
  | { readonly kind: 'found'; readonly body: Fields }
  | { readonly kind: 'absent' }
  /** By rights; the words say what to add. */
  | { readonly kind: 'refused'; readonly why: string; readonly fix: string };

/** One object or collection. Rejects where the API server does not answer. */
export async function look(
  { api }: Pick<Checkup, 'api'>,
  access: Access,
  path: string,
  signal: AbortSignal,
): Promise<Look> {
  try {
    const { status, body } = await api.ask({ access, path }, signal);
    if (status === 404) return { kind: 'absent' };
    if (status < 300) return { kind: 'found', body: fields(body) };
    const why = text(fields(body)['message']) ?? `HTTP ${String(status)}`;
    throw new MeshproofError('MPE_CLUSTER_UNREACHABLE', `cannot ${access.verb} ${access.resource}: ${why}`);
  } catch (error) {
    if (!(error instanceof MeshproofError) || error.code !== 'MPE_NOT_PERMITTED') throw error;
    return { kind: 'refused', why: error.message, fix: error.hint };
  }
}

export function itemsOf(body: Fields): readonly Fields[] {
  return list(body['items']).map((item) => fields(item));
}

/** For what nobody but an administrator needs to see: the doctor does without. */
export function notSeen(check: string, { why }: Extract<Look, { readonly kind: 'refused' }>): CheckResult {
  return { check, state: 'unsure', says: `not looked at: ${why}` };
}
