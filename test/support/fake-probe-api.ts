/** An API server's part in the life of probe pods, in memory: what a test says happens to each pod. */
import { fields, text } from '../../controller/declared/reading.ts';
import type { Fields } from '../../controller/declared/reading.ts';
import type { Created, ProbeApi } from '../../controller/fleet/kubernetes/probe-api.ts';
import type { Access } from '../../controller/api-server/refusal.ts';

export class FakeProbeApi implements ProbeApi {
  /** By name: those that are there. */
  readonly jobs = new Map<string, Fields>();
  /** Names, in the order in which their deletion was asked for. */
  readonly deleted: string[] = [];
  /** By name. */
  readonly pods = new Map<string, Fields>();
  /** By name of the Job or pod. */
  readonly events = new Map<string, readonly Fields[]>();
  /** `verb resource namespace`, with an empty namespace for all of them. */
  readonly refused = new Set<string>();
  /** Answers to creations, by account; undefined: created. */
  readonly rejections = new Map<string, string>();
  tokenStatus: Fields = {};
  /** Called before each answer; what it throws is the answer. */
  beforeAnswer: (call: string) => Promise<void> = () => Promise.resolve();

  readonly pod = async (namespace: string, name: string): Promise<Fields | undefined> => {
    await this.beforeAnswer(`get pod ${namespace}/${name}`);
    return this.pods.get(name);
  };

  readonly createJob = async (job: Fields): Promise<Created> => {
    const name = text(fields(job, 'metadata')['name']) ?? '';
    await this.beforeAnswer(`create job ${name}`);
    const why = this.rejections.get(text(fields(job, 'spec', 'template', 'spec')['serviceAccountName']) ?? '');
    if (why !== undefined) return { kind: 'rejected', why };
    this.jobs.set(name, job);
    return { kind: 'created', uid: `uid-${name}` };
  };

  readonly deleteJob = async (_namespace: string, name: string): Promise<void> => {
    await this.beforeAnswer(`delete job ${name}`);
    this.deleted.push(name);
    this.jobs.delete(name);
  };

  readonly jobsOfSweep = async (namespace: string | undefined): Promise<readonly Fields[]> => {
    await this.beforeAnswer(`list jobs ${namespace ?? ''}`);
    return [...this.jobs.values()]
      .filter((job) => namespace === undefined || fields(job, 'metadata')['namespace'] === namespace)
      .map((job) => {
        const metadata = fields(job, 'metadata');
        return { ...job, metadata: { ...metadata, uid: `uid-${text(metadata['name']) ?? ''}` } };
      });
  };

  readonly podsOfSweep = async (namespace: string): Promise<readonly Fields[]> => {
    await this.beforeAnswer(`list pods ${namespace}`);
    return [...this.pods.values()].filter((pod) => fields(pod, 'metadata')['namespace'] === namespace);
  };

  readonly warnings = async (_namespace: string, kind: string, name: string): Promise<readonly Fields[]> => {
    await this.beforeAnswer(`list events ${kind} ${name}`);
    return this.events.get(name) ?? [];
  };

  readonly reviewToken = async (): Promise<Fields> => {
    await this.beforeAnswer('review token');
    return this.tokenStatus;
  };

  readonly tokenKeys = async (): Promise<Fields> => {
    await this.beforeAnswer('token keys');
    return { keys: [] };
  };

  readonly may = async ({ verb, resource, namespace = '' }: Access): Promise<boolean> => {
    await this.beforeAnswer(`may ${verb} ${resource} ${namespace}`);
    return !this.refused.has(`${verb} ${resource} ${namespace}`);
  };

  /** The pod that the Job controller makes for a Job, as far as a test says. */
  addPod(namespace: string, job: string, pod: { readonly status: Fields; readonly spec?: Fields }): string {
    const name = `${job}-abcde`;
    const ownerReferences = [{ kind: 'Job', name: job, uid: `uid-${job}`, controller: true }];
    const metadata = { name, namespace, uid: `uid-${name}`, ownerReferences };
    this.pods.set(name, { metadata, spec: pod.spec ?? { containers: [{ name: 'agent' }] }, status: pod.status });
    return name;
  }
}

export const POD_RUNNING: Fields = {
  phase: 'Running',
  containerStatuses: [{ name: 'agent', state: { running: {} } }],
};
export const POD_STARTING: Fields = { phase: 'Pending' };
