/** What an agent is told of a route, for tests to vary: one TCP attempt, at once. */
import type { PlannedRoute } from '../../proto/vocabulary.ts';
import type { ReceivedRoute } from '../../proto/wire.ts';

export function plannedRoute(route: number, changes: Partial<PlannedRoute> = {}): ReceivedRoute {
  const planned: PlannedRoute = {
    route,
    slot: 1,
    probe: { kind: 'tcp' },
    addresses: [{ host: '127.0.0.1', port: 1 }],
    authority: '',
    serverName: '',
    peerIdentities: [],
    connectTimeoutMs: 1,
    timeoutMs: 1,
    attempts: 1,
    intervalMs: 0,
    ...changes,
  };
  return { kind: 'planned', planned };
}
