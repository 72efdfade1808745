/** Jobs of probes that a former controller left behind. */
import { fields, text } from '../../declared/reading.ts';
import { conditionOf } from './pod-reading.ts';
import type { ProbeApi } from './probe-api.ts';
import { madeAs } from './probe-job.ts';

export interface FormerJob {
  readonly namespace: string;
  /** Also that of its agent. */
  readonly name: string;
  readonly uid: string;
  /** Undefined: it has ended, or is of no use for another reason. */
  readonly madeAs: string | undefined;
}

/** `namespaces` `all`: wherever they are. Rejects as `ProbeApi`. */
export async function formerJobs(
  api: Pick<ProbeApi, 'jobsOfSweep'>,
  sweepId: string,
  namespaces: ReadonlySet<string> | 'all',
  signal: AbortSignal,
): Promise<readonly FormerJob[]> {
  const places = namespaces === 'all' ? [undefined] : [...namespaces];
  const found = await Promise.all(places.map((namespace) => api.jobsOfSweep(namespace, sweepId, signal)));
  return found.flat().map((job) => {
    const { namespace, name, uid, deletionTimestamp } = fields(job, 'metadata');
    const isOver =
      deletionTimestamp !== undefined ||
      conditionOf(job, 'Failed') !== undefined ||
      conditionOf(job, 'Complete') !== undefined;
    return {
      namespace: text(namespace) ?? '',
      name: text(name) ?? '',
      uid: text(uid) ?? '',
      madeAs: isOver ? undefined : madeAs(job),
    };
  });
}
