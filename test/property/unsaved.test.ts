import fc from 'fast-check';
import t from 'tap';
import type { RouteState } from '../../controller/monitor/route-state.ts';
import type { Changes } from '../../controller/store/store.ts';
import { Unsaved } from '../../controller/store/unsaved.ts';
import { transition } from '../support/store/samples.ts';

const STATE: RouteState = { drift: 'agrees', access: 'open', sinceMs: 0, recent: [], changesAtMs: [], sequence: 0 };
const KEYS = ['a', 'b', 'c'];

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('route' as const), key: fc.constantFrom(...KEYS) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('gone' as const), key: fc.constantFrom(...KEYS) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('batch' as const), agent: fc.constantFrom('x', 'y') }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'event' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      fate: fc.constantFrom('stored', 'failed', 'unanswered'),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/** What a store would hold, and the only thing it knows of a commit that was not answered: that it was the same one. */
class Database {
  readonly routes = new Map<string, number>();
  readonly positions = new Map<string, number>();
  readonly events: number[] = [];
  attempts = 0;
  #unanswered: Changes | undefined;

  commit(changes: Changes, fate: string): boolean {
    if (fate === 'failed') return false;
    if (this.#unanswered !== changes) this.#write(changes);
    this.#unanswered = fate === 'unanswered' ? changes : undefined;
    return fate === 'stored';
  }

  #write({ routes, goneRoutes, positions, tallies, events }: Changes): void {
    for (const key of goneRoutes) this.routes.delete(key);
    for (const { key, state } of routes) this.routes.set(key, state.sequence);
    for (const { agentId, sequence } of positions) this.positions.set(agentId, sequence);
    for (const { attempts } of tallies) this.attempts += attempts;
    for (const event of events) if (event.kind === 'transition') this.events.push(event.sequence);
  }
}

/** The same steps, and in the end a store that answers. */
function run(steps: readonly Step[]): { readonly stored: Database; readonly meant: Database } {
  const unsaved = new Unsaved();
  const stored = new Database();
  const meant = new Database();
  const commit = (fate: string): void => {
    if (unsaved.isEmpty) return;
    const changes = unsaved.take();
    if (!stored.commit(changes, fate)) unsaved.restore(changes);
  };
  steps.forEach((one, at) => {
    switch (one.kind) {
      case 'route':
        unsaved.route({ key: one.key, number: 1, state: { ...STATE, sequence: at } });
        meant.routes.set(one.key, at);
        break;
      case 'gone':
        unsaved.goneRoute(one.key);
        meant.routes.delete(one.key);
        break;
      case 'batch':
        unsaved.position({ agentId: one.agent, bootId: 'boot', sequence: at });
        unsaved.attempt(at * 20_000, { sourceNamespace: 's', targetNamespace: 't', probe: 'http' }, 'reached');
        meant.positions.set(one.agent, at);
        meant.attempts += 1;
        break;
      case 'event':
        unsaved.event(transition('a', at));
        meant.events.push(at);
        break;
      case 'commit':
        commit(one.fate);
        break;
    }
  });
  while (!unsaved.isEmpty) commit('stored');
  return { stored, meant };
}

t.test('whatever commits fail or are not answered, everything is stored once and in order', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const { stored, meant } = run(steps);
      const drawn = ({ routes, positions, events, attempts }: Database): string =>
        JSON.stringify([[...routes].sort(), [...positions].sort(), events, attempts]);
      if (drawn(stored) !== drawn(meant)) throw new Error(`${drawn(stored)} is stored, and not ${drawn(meant)}`);
    }),
    { numRuns: 500 },
  );
  t.end();
});
