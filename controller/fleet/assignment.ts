/** What one vantage has to do, and how it is told: as plan messages of a size that may travel. */
import { randomInt } from 'node:crypto';
import { PlannedRoute as WireRoute } from '../../proto/gen/meshproof/v1/session.ts';
import type { ControllerMessage } from '../../proto/gen/meshproof/v1/session.ts';
import type { PlannedRoute } from '../../proto/vocabulary.ts';
import { MAX_MESSAGE_BYTES, routeToWire } from '../../proto/wire.ts';

/** Leaves room for what stands around the routes in a message. */
const MAX_ROUTES_BYTES = MAX_MESSAGE_BYTES - 16 * 1024;

type Message = NonNullable<ControllerMessage['body']>;

export class Assignment {
  /** No other controller's versions: what an agent holds from it must not pass for this. */
  readonly #before = randomInt(2 ** 31);
  #version = 0;
  readonly #routes = new Map<number, PlannedRoute>();

  /** Of the last message that was made; an agent that says this version holds everything. */
  get version(): number {
    return this.#version;
  }

  get #next(): number {
    return Math.max(this.#version, this.#before) + 1;
  }

  /** Adds routes, or replaces those of the same number. Returns what an agent that holds the version before has to be told. */
  add(routes: readonly PlannedRoute[]): readonly Message[] {
    for (const route of routes) this.#routes.set(route.route, route);
    if (this.#version === 0) return this.whole();
    return chunksOf(routes).map((added) => this.#delta(added));
  }

  /** Ends what these numbers stand for. Returns what an agent that holds the version before has to be told. */
  remove(routes: readonly number[]): readonly Message[] {
    const removed = routes.filter((route) => this.#routes.delete(route));
    if (removed.length === 0) return [];
    this.#version = this.#next;
    return [{ $case: 'planDelta', value: { version: this.#version, removed, added: [] } }];
  }

  /**
   * All of it, for an agent that holds another version. Every message has a version of its own, so that an agent that
   * was cut off in between is seen to hold a part only.
   */
  whole(): readonly Message[] {
    const [first = [], ...rest] = chunksOf([...this.#routes.values()]);
    this.#version = this.#next;
    return [
      { $case: 'plan', value: { version: this.#version, routes: first } },
      ...rest.map((added) => this.#delta(added)),
    ];
  }

  #delta(added: WireRoute[]): Message {
    this.#version = this.#next;
    return { $case: 'planDelta', value: { version: this.#version, removed: [], added } };
  }
}

function chunksOf(routes: readonly PlannedRoute[]): WireRoute[][] {
  const chunks: WireRoute[][] = [];
  let roomBytes = 0;
  for (const route of routes) {
    const message = routeToWire(route);
    const sizeBytes = WireRoute.encode(message).finish().length + 8;
    const last = chunks.at(-1);
    if (last === undefined || sizeBytes > roomBytes) {
      chunks.push([message]);
      roomBytes = MAX_ROUTES_BYTES - sizeBytes;
    } else {
      last.push(message);
      roomBytes -= sizeBytes;
    }
  }
  return chunks;
}
