/** Sweeps made by hand, for tests of what is made out of them. */
import type { Outcome, Reached, Refused, Untested } from '../../proto/outcome.ts';
import type { Probe, Target, Vantage } from '../../proto/vocabulary.ts';
import { routeKey } from '../../proto/vocabulary.ts';
import type { Expectation } from '../../controller/declared/expectation.ts';
import type { CauseCode } from '../../controller/judge/causes.ts';
import type { Cause, Cell, Conflict, Drift, Sweep, Verdict } from '../../controller/judge/finding.ts';

export function vantage(workload: string, dataPlane: Vantage['dataPlane'] = 'sidecar'): Vantage {
  const [namespace = '', serviceAccount = ''] = workload.split('/');
  return { namespace, serviceAccount, dataPlane };
}

/** `shop/pay:8080` or `pod:shop/pay:8080`. */
export function target(text: string): Target {
  const match = /^(pod:)?([^/]+)\/([^:]+):(\d+)$/.exec(text);
  const [, pod, namespace = '', name = '', port = ''] = match ?? [];
  return { kind: pod === undefined ? 'service' : 'pod', namespace, name, port: Number(port) };
}

export const allowed: Expectation = {
  expect: 'allow',
  outcome: 'ALLOW_MTLS',
  transport: 'mtls',
  identity: 'spiffe://cluster.local/ns/shop/sa/web',
  decidedBy: null,
  trail: [{ stage: 'peer-authentication', result: 'PERMISSIVE', by: 'default' }],
  warnings: [],
};

export const refusedByStrict: Expectation = {
  expect: 'deny',
  outcome: 'DENY_STRICT',
  transport: 'none',
  identity: null,
  decidedBy: {
    stage: 'peer-authentication',
    kind: 'PeerAuthentication',
    namespace: 'shop',
    name: 'default',
    path: 'spec.mtls.mode',
  },
  trail: [
    { stage: 'client', result: 'plaintext', note: 'legacy/batch has no sidecar' },
    {
      stage: 'peer-authentication',
      result: 'STRICT',
      object: { kind: 'PeerAuthentication', namespace: 'shop', name: 'default', path: 'spec.mtls.mode' },
    },
  ],
  warnings: [],
};

export const reached: Reached = {
  kind: 'reached',
  address: 0,
  timings: { tcpMs: 0.4, firstByteMs: 2.1, totalMs: 2.6 },
  transport: 'mtls',
  status: 200,
};

export const reachedInPlaintext: Reached = { ...reached, transport: 'plaintext' };

export const reset: Refused = {
  kind: 'refused',
  address: 0,
  timings: { tcpMs: 0.4, totalMs: 1.2 },
  layer: 'application',
  signature: 'reset',
  detail: 'read ECONNRESET',
};

export const untested: Untested = { kind: 'untested', why: 'agent-lost', detail: 'the process ended' };

export function cause(code: CauseCode, message: string, name = 'default'): Cause {
  return {
    code,
    message,
    fix: `Correct PeerAuthentication shop/${name}.`,
    objects: [{ kind: 'PeerAuthentication', namespace: 'shop', name, path: 'spec.mtls.mode' }],
  };
}

export interface CellFacts {
  readonly table?: Cell['table'];
  readonly source?: string;
  readonly dataPlane?: Vantage['dataPlane'];
  readonly to?: string;
  readonly probe?: Probe;
  readonly expectation?: Expectation;
  readonly outcome?: Outcome;
  readonly drift?: Drift;
  readonly isFlapping?: boolean;
  readonly cause?: Cause | null;
}

/** A cell that agrees: `shop/web` reaches `shop/pay:8080` over mutual TLS, unless told otherwise. */
export function cell(facts: CellFacts = {}): Cell {
  const source = facts.source ?? 'shop/web';
  const route = {
    vantage: vantage(source, facts.dataPlane),
    target: target(facts.to ?? 'shop/pay:8080'),
    probe: facts.probe ?? { kind: 'http' as const, method: 'GET', path: '/' },
  };
  const outcome = facts.outcome ?? reached;
  return {
    table: facts.table ?? 'reachability',
    key: routeKey(route),
    ...route,
    source,
    expectation: facts.expectation ?? allowed,
    outcome,
    attempts: [{ startedAtMs: 1_700_000_000_000, address: '127.1.0.1:8080', pod: 'shop/pay', outcome }],
    drift: facts.drift ?? 'agrees',
    isFlapping: facts.isFlapping ?? false,
    cause: facts.cause ?? null,
  };
}

/** The counts follow from the cells; the value is `fail` as soon as anything drifted or conflicts. */
export function sweep(
  cells: readonly Cell[],
  conflicts: readonly Conflict[] = [],
  verdict: Partial<Verdict> = {},
): Sweep {
  const drifted = (drift: Drift): number => cells.filter((one) => one.drift === drift).length;
  const severity = (value: Conflict['severity']): number => conflicts.filter((one) => one.severity === value).length;
  const bad =
    drifted('exposed') + drifted('blocked') + drifted('downgraded') + severity('critical') + severity('error');
  return {
    id: 'sweep-1',
    startedAt: '2026-01-02T03:04:05.678Z',
    finishedAt: '2026-01-02T03:04:09.000Z',
    snapshot: {
      digest: 'sha256:0123',
      objects: [{ kind: 'PeerAuthentication', namespace: 'shop', name: 'default', resourceVersion: '' }],
    },
    vantages: [...new Map(cells.map((one) => [one.source, one.vantage])).values()],
    targets: [...new Map(cells.map((one) => [JSON.stringify(one.target), one.target])).values()],
    optedOut: [],
    cells,
    conflicts,
    verdict: {
      value: bad > 0 ? 'fail' : 'pass',
      coverage: cells.length === 0 ? 1 : 1 - drifted('unknown') / cells.length,
      counts: {
        agrees: drifted('agrees'),
        exposed: drifted('exposed'),
        blocked: drifted('blocked'),
        downgraded: drifted('downgraded'),
        misplaced: drifted('misplaced'),
        unknown: drifted('unknown'),
        planned: cells.length,
        deniedAsDeclared: cells.filter((one) => one.drift === 'agrees' && one.expectation.expect === 'deny').length,
        flapping: cells.filter((one) => one.isFlapping).length,
        critical: severity('critical'),
        error: severity('error'),
        warning: severity('warning'),
      },
      why: bad > 0 ? `${String(bad)} findings` : 'measured and declared agree',
      ...verdict,
    },
  };
}
