/** What a launcher of probe pods asks of the API server. */
import { MeshproofError } from '../../../proto/errors.ts';
import { fields, list, text } from '../../declared/reading.ts';
import type { Fields } from '../../declared/reading.ts';
import { ROLE_LABEL, SWEEP_LABEL } from '../../install/names.ts';
import type { ApiAnswer, KubernetesApi } from '../../api-server/kubernetes-api.ts';
import type { Access } from '../../api-server/refusal.ts';
import { wordsOf } from '../../api-server/trouble.ts';

export type Created =
  | { readonly kind: 'created'; readonly uid: string }
  /** By a quota, an admission webhook, a namespace that is going; in the server's words. */
  | { readonly kind: 'rejected'; readonly why: string };

/** Waits end with the signal. All reject with MPE_NOT_PERMITTED, or with MPE_CLUSTER_UNREACHABLE after some patience. */
export interface ProbeApi {
  /** Undefined: there is none. */
  readonly pod: (namespace: string, name: string, signal: AbortSignal) => Promise<Fields | undefined>;
  /** May be repeated: a Job of the sweep that is there already is taken for the one that was asked for. */
  readonly createJob: (job: Fields, signal: AbortSignal) => Promise<Created>;
  /** With its pods. It does not matter whether it was there. */
  readonly deleteJob: (namespace: string, name: string, signal: AbortSignal) => Promise<void>;
  /** Of the probes of a sweep; `namespace` undefined: everywhere. */
  readonly jobsOfSweep: (
    namespace: string | undefined,
    sweepId: string,
    signal: AbortSignal,
  ) => Promise<readonly Fields[]>;
  readonly podsOfSweep: (namespace: string, sweepId: string, signal: AbortSignal) => Promise<readonly Fields[]>;
  /** Warnings about an object, as they come. */
  readonly warnings: (namespace: string, kind: string, name: string, signal: AbortSignal) => Promise<readonly Fields[]>;
  /** `status` of a TokenReview. */
  readonly reviewToken: (token: string, audience: string, signal: AbortSignal) => Promise<Fields>;
  /** The keys that service account tokens are signed with, as a JSON Web Key Set. */
  readonly tokenKeys: (signal: AbortSignal) => Promise<Fields>;
  /** Whether this account may do so; `namespace` empty: everywhere. */
  readonly may: (access: Access, signal: AbortSignal) => Promise<boolean>;
}

export function probeApi(api: KubernetesApi): ProbeApi {
  const jobs = (namespace: string): string => `/apis/batch/v1/namespaces/${namespace}/jobs`;
  const core = (namespace: string, resource: string): string => `/api/v1/namespaces/${namespace}/${resource}`;
  const review = async (group: string, kind: string, resource: string, spec: Fields, signal: AbortSignal) => {
    const access: Access = { verb: 'create', apiGroup: group, resource };
    const body = { apiVersion: `${group}/v1`, kind, spec };
    const answer = await api.ask({ access, path: `/apis/${group}/v1/${resource}`, body }, signal);
    return fields(expected(answer, access), 'status');
  };
  return {
    pod: async (namespace, name, signal) => {
      const access: Access = { verb: 'list', apiGroup: '', resource: 'pods', namespace };
      const answer = await api.ask({ access, path: `${core(namespace, 'pods')}?${named(name)}` }, signal);
      return itemsOf(answer, access)[0];
    },
    createJob: async (job, signal) => {
      const namespace = text(fields(job, 'metadata')['namespace']) ?? '';
      const name = text(fields(job, 'metadata')['name']) ?? '';
      const create: Access = { verb: 'create', apiGroup: 'batch', resource: 'jobs', namespace };
      const answer = await api.ask({ access: create, path: jobs(namespace), body: job }, signal);
      if (answer.status < 300) return { kind: 'created', uid: uidOf(answer.body) };
      if (answer.status !== 409) return { kind: 'rejected', why: wordsOf(answer.status, answer.body) };
      const find: Access = { ...create, verb: 'list' };
      const [there] = itemsOf(await api.ask({ access: find, path: `${jobs(namespace)}?${named(name)}` }, signal), find);
      return there !== undefined && sweepOf(there) === sweepOf(job)
        ? { kind: 'created', uid: uidOf(there) }
        : { kind: 'rejected', why: wordsOf(answer.status, answer.body) };
    },
    deleteJob: async (namespace, name, signal) => {
      const access: Access = { verb: 'delete', apiGroup: 'batch', resource: 'jobs', namespace };
      const path = `${jobs(namespace)}/${name}?propagationPolicy=Background`;
      const answer = await api.ask({ access, path }, signal);
      if (answer.status !== 404 && answer.status !== 409) expected(answer, access);
    },
    jobsOfSweep: async (namespace, sweepId, signal) => {
      const place = namespace === undefined ? {} : { namespace };
      const access: Access = { verb: 'list', apiGroup: 'batch', resource: 'jobs', ...place };
      const query = new URLSearchParams({ labelSelector: `${SWEEP_LABEL}=${sweepId},${ROLE_LABEL}=probe` });
      const path = namespace === undefined ? '/apis/batch/v1/jobs' : jobs(namespace);
      return itemsOf(await api.ask({ access, path: `${path}?${query.toString()}` }, signal), access);
    },
    podsOfSweep: async (namespace, sweepId, signal) => {
      const access: Access = { verb: 'list', apiGroup: '', resource: 'pods', namespace };
      const query = new URLSearchParams({ labelSelector: `${SWEEP_LABEL}=${sweepId}` });
      const answer = await api.ask({ access, path: `${core(namespace, 'pods')}?${query.toString()}` }, signal);
      return itemsOf(answer, access);
    },
    warnings: async (namespace, kind, name, signal) => {
      const access: Access = { verb: 'list', apiGroup: '', resource: 'events', namespace };
      const about = `type=Warning,involvedObject.kind=${kind},involvedObject.name=${name}`;
      const query = new URLSearchParams({ fieldSelector: about });
      const answer = await api.ask({ access, path: `${core(namespace, 'events')}?${query.toString()}` }, signal);
      return itemsOf(answer, access);
    },
    reviewToken: (token, audience, signal) =>
      review('authentication.k8s.io', 'TokenReview', 'tokenreviews', { token, audiences: [audience] }, signal),
    tokenKeys: async (signal) => {
      const access: Access = { verb: 'get', apiGroup: '', resource: 'openid/v1/jwks' };
      return expected(await api.ask({ access, path: '/openid/v1/jwks' }, signal), access);
    },
    may: async ({ verb, apiGroup, resource, namespace = '' }, signal) => {
      const resourceAttributes = { verb, group: apiGroup, resource, namespace };
      const group = 'authorization.k8s.io';
      const resources = 'selfsubjectaccessreviews';
      const status = await review(group, 'SelfSubjectAccessReview', resources, { resourceAttributes }, signal);
      return status['allowed'] === true;
    },
  };
}

/** One object by its name, for whoever may list and so needs no right to get. */
function named(name: string): string {
  return new URLSearchParams({ fieldSelector: `metadata.name=${name}` }).toString();
}

function expected(answer: ApiAnswer, { verb, resource }: Access): Fields {
  if (answer.status < 300) return fields(answer.body);
  throw new MeshproofError(
    'MPE_CLUSTER_UNREACHABLE',
    `cannot ${verb} ${resource}: ${wordsOf(answer.status, answer.body)}`,
  );
}

function itemsOf(answer: ApiAnswer, access: Access): readonly Fields[] {
  return list(expected(answer, access)['items']).map((item) => fields(item));
}

function uidOf(object: unknown): string {
  return text(fields(object, 'metadata')['uid']) ?? '';
}

function sweepOf(job: unknown): string | undefined {
  return text(fields(job, 'metadata', 'labels')[SWEEP_LABEL]);
}
