/** The Jobs of a launcher: asked for, taken over, deleted; whatever was ever asked for is known until it is deleted. */
import pLimit from 'p-limit';
import { messageOf } from '../../../proto/errors.ts';
import type { Clock } from '../../../proto/clock.ts';
import type { Vantage } from '../../../proto/vocabulary.ts';
import { vantageKey } from '../../../proto/vocabulary.ts';
import type { Fields } from '../../declared/reading.ts';
import { Deadline } from '../../../proto/deadline.ts';
import type { FormerJob } from './former-jobs.ts';
import type { Created, ProbeApi } from './probe-api.ts';
import type { WatchedProbe } from './watch.ts';

export interface ProbeJobsDeps {
  readonly api: Pick<ProbeApi, 'createJob' | 'deleteJob'>;
  readonly clock: Clock;
  readonly note: (message: string) => void;
}

export interface Probe {
  readonly agentId: string;
  readonly vantage: Vantage;
  /** Rejects where nobody knows whether its Job has come about. */
  readonly created: Promise<Created>;
  /** Once its Job is known to be there. */
  readonly watched?: WatchedProbe;
  readonly hasJoined: boolean;
  readonly isLost: boolean;
}

type Entry = { -readonly [Field in keyof Probe]: Probe[Field] };

/** Of all deletions together; what is not deleted by then goes by its own end. */
const DELETE_WITHIN_MS = 10_000;
const CREATIONS_AT_A_TIME = 8;
const DELETIONS_AT_A_TIME = 16;
/** An agent whose controller was away dials again after up to 30 s; one that was refused, after up to 66. */
const COME_BACK_WITHIN_MS = 90_000;

export class ProbeJobs {
  readonly #deps: ProbeJobsDeps;
  /** By agent id. */
  readonly #probes = new Map<string, Entry>();
  readonly #limit = pLimit(CREATIONS_AT_A_TIME);

  constructor(deps: ProbeJobsDeps) {
    this.#deps = deps;
  }

  find(agentId: string): Probe | undefined {
    return this.#probes.get(agentId);
  }

  of(vantage: Vantage): readonly Probe[] {
    const key = vantageKey(vantage);
    return [...this.#probes.values()].filter((probe) => vantageKey(probe.vantage) === key);
  }

  all(): readonly Probe[] {
    return [...this.#probes.values()];
  }

  /** Those that are there for all that is known. */
  watched(): readonly WatchedProbe[] {
    return this.all().flatMap(({ watched, isLost }) => (watched === undefined || isLost ? [] : [watched]));
  }

  async create(agentId: string, vantage: Vantage, job: Fields, signal: AbortSignal): Promise<Created> {
    const created = this.#limit(() => this.#deps.api.createJob(job, signal));
    const entry: Entry = { agentId, vantage, created, hasJoined: false, isLost: false };
    this.#probes.set(agentId, entry);
    const answer = await created;
    if (answer.kind === 'created') {
      const createdAtMs = this.#deps.clock.monotonicMs();
      entry.watched = { agentId, vantage, jobUid: answer.uid, createdAtMs };
    }
    return answer;
  }

  /** Its agent is on its way back already. */
  adopt({ name, uid }: FormerJob, vantage: Vantage): void {
    const createdAtMs = this.#deps.clock.monotonicMs();
    this.#probes.set(name, {
      agentId: name,
      vantage,
      created: Promise.resolve({ kind: 'created', uid }),
      watched: { agentId: name, vantage, jobUid: uid, createdAtMs, joinWithinMs: COME_BACK_WITHIN_MS },
      hasJoined: false,
      isLost: false,
    });
  }

  joined(agentId: string): void {
    const probe = this.#probes.get(agentId);
    if (probe !== undefined) probe.hasJoined = true;
  }

  /** False where it is lost already, or not wanted any more. */
  lose(agentId: string): boolean {
    const probe = this.#probes.get(agentId);
    if (probe === undefined || probe.isLost) return false;
    probe.isLost = true;
    return true;
  }

  /** Asks for the end of their Jobs, and does not wait until they are gone. They are forgotten at once. */
  async remove(probes: readonly Probe[]): Promise<void> {
    for (const { agentId } of probes) this.#probes.delete(agentId);
    await this.delete(probes.map(({ agentId, vantage }) => ({ namespace: vantage.namespace, name: agentId })));
  }

  /** A creation whose answer was lost, or that was cut short, may have come about all the same. Never rejects. */
  async delete(jobs: readonly Pick<FormerJob, 'namespace' | 'name'>[]): Promise<void> {
    const { api, clock, note } = this.#deps;
    const deadline = new Deadline(clock, DELETE_WITHIN_MS, new AbortController().signal);
    const limit = pLimit(DELETIONS_AT_A_TIME);
    const deleted = jobs.map(({ namespace, name }) =>
      limit(async () => {
        try {
          await api.deleteJob(namespace, name, deadline.signal);
        } catch (error) {
          const why = messageOf(error);
          note(`Job ${namespace}/${name} could not be deleted (${why}); it ends by itself`);
        }
      }),
    );
    await Promise.all(deleted);
    deadline.end();
  }
}
