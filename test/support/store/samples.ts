/** Things for a store to keep. */
import type { Cause, Conflict } from '../../../controller/judge/finding.ts';
import type { MonitorEvent, SweepEnded, SweepSummary, Transition } from '../../../controller/monitor/events.ts';
import type { RouteState } from '../../../controller/monitor/route-state.ts';
import type { Changes, StoredRoute, Tally } from '../../../controller/store/store.ts';

export const NOTHING: Changes = { positions: [], routes: [], goneRoutes: [], tallies: [], events: [], documents: [] };

export function changes(some: Partial<Changes>): Changes {
  return { ...NOTHING, ...some };
}

export function transition(route: string, sequence: number, atMs = 1000): Transition {
  return {
    kind: 'transition',
    atMs,
    route,
    sequence,
    table: 'reachability',
    vantage: { namespace: 'shop', serviceAccount: 'web', dataPlane: 'sidecar' },
    source: 'shop/web',
    target: { kind: 'service', namespace: 'shop', name: 'pay', port: 8080 },
    probe: { kind: 'http', method: 'GET', path: '/' },
    to: 'blocked',
    drift: { from: 'agrees', to: 'blocked' },
    access: { from: 'open', to: 'closed' },
    cause: null,
    message: 'shop/web → shop/pay:8080 is refused — “détail” 🚧',
    objects: [{ kind: 'AuthorizationPolicy', namespace: 'shop', name: 'pay' }],
    attempts: [],
  };
}

export function propagation(atMs: number): MonitorEvent {
  return { kind: 'propagation', atMs, objects: [], routes: ['web'], firstMs: 12, lastMs: 345.5, missing: [] };
}

/** Of an object of that name. */
export function conflict(name: string): Conflict {
  const cause: Cause = {
    code: 'MP1008',
    message: `${name} is open`,
    fix: 'inject it',
    objects: [{ kind: 'PeerAuthentication', namespace: 'shop', name }],
  };
  return { severity: 'critical', cause, cells: ['web'], isConfirmed: true };
}

export function conflictChange(name: string, isOver: boolean): MonitorEvent {
  return { kind: 'conflict', atMs: 1000, isOver, conflict: conflict(name) };
}

export function sweepSummary(id: string, startedAtMs: number): SweepSummary {
  return {
    id,
    trigger: 'interval',
    startedAtMs,
    finishedAtMs: startedAtMs + 900,
    snapshotDigest: 'd1',
    verdict: {
      value: 'pass',
      coverage: 1,
      counts: {
        agrees: 4,
        exposed: 0,
        blocked: 0,
        downgraded: 0,
        misplaced: 0,
        unknown: 0,
        planned: 4,
        deniedAsDeclared: 1,
        flapping: 0,
        critical: 0,
        error: 0,
        warning: 0,
      },
      why: 'all as declared',
    },
  };
}

export function sweepEnded(id: string, startedAtMs: number): SweepEnded {
  return { kind: 'sweep', atMs: startedAtMs + 900, sweep: sweepSummary(id, startedAtMs) };
}

export function routeState(sequence: number): RouteState {
  return {
    drift: 'agrees',
    access: 'open',
    sinceMs: 500,
    recent: ['agrees', 'blocked', 'agrees'],
    changesAtMs: [100, 200.25],
    sequence,
  };
}

export function route(key: string, number: number, sequence = 1): StoredRoute {
  return { key, number, state: routeState(sequence) };
}

export function tally(minuteMs: number, attempts: number, more: Partial<Tally> = {}): Tally {
  return {
    minuteMs,
    sourceNamespace: 'shop',
    targetNamespace: 'pay',
    probe: 'http',
    outcome: 'reached',
    attempts,
    ...more,
  };
}
