/** An API server's part in the life of one Lease: optimistic concurrency, and an unreliable way there and back. */
import { fields, text } from '../../controller/declared/reading.ts';
import type { Fields } from '../../controller/declared/reading.ts';
import type { KubernetesApi } from '../../controller/api-server/kubernetes-api.ts';
import type { Clock } from '../../proto/clock.ts';
import { MeshproofError } from '../../proto/errors.ts';
import { orAborted } from '../../proto/or-aborted.ts';

/** What happens to one request; milliseconds. */
export interface Way {
  readonly thereMs: number;
  readonly backMs: number;
  /** `request`: it never comes there. `answer`: it is done, and nobody hears of it. */
  readonly loses?: 'request' | 'answer';
}

export const AT_ONCE: Way = { thereMs: 0, backMs: 0 };

type Answer = Awaited<ReturnType<KubernetesApi['ask']>>;

export class FakeLeases {
  lease: Fields | undefined;
  /** `verb` of each request that came there, in order. */
  readonly done: string[] = [];
  readonly #clock: Clock;
  #version = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** For one contender. What it gives up waiting for happens all the same. */
  api(way: () => Way): Pick<KubernetesApi, 'ask'> {
    return {
      ask: ({ access: { verb }, body }, signal) => orAborted(this.#travel(verb, body, way()), signal),
    };
  }

  get holder(): string | undefined {
    return text(fields(this.lease, 'spec')['holderIdentity']);
  }

  async #travel(verb: string, body: unknown, { thereMs, backMs, loses }: Way): Promise<Answer> {
    const lost = new MeshproofError('MPE_CLUSTER_UNREACHABLE', 'the way is broken');
    await this.#clock.sleep(thereMs);
    if (loses === 'request') throw lost;
    const answer = this.#answer(verb, fields(body));
    await this.#clock.sleep(backMs);
    if (loses === 'answer') throw lost;
    return answer;
  }

  #answer(verb: string, body: Fields): Answer {
    this.done.push(verb);
    if (verb === 'get') return { status: this.lease === undefined ? 404 : 200, body: this.lease };
    const version = fields(this.lease, 'metadata')['resourceVersion'];
    const isKnown = this.lease !== undefined;
    if (verb === 'create' ? isKnown : !isKnown || fields(body, 'metadata')['resourceVersion'] !== version) {
      return { status: isKnown ? 409 : 404, body: {} };
    }
    this.#version += 1;
    const metadata = { ...fields(body, 'metadata'), resourceVersion: String(this.#version) };
    this.lease = { ...body, metadata };
    return { status: verb === 'create' ? 201 : 200, body: this.lease };
  }
}
