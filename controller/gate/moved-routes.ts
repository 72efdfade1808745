/** Routes that go on under another name after a change: of a caller that gets or loses its sidecar, and of checks sent elsewhere. */
import type { Expectation, Flow } from '../declared/expectation.ts';
import type { HealthCheck, Mesh, Pod } from '../declared/mesh.ts';
import type { Cell } from '../judge/finding.ts';
import type { Vantage } from '../../proto/vocabulary.ts';
import { identityOf } from './baseline.ts';
import { measuredOf } from './measured-state.ts';
import type { Prediction } from './prediction.ts';

interface States {
  readonly before: Mesh;
  readonly after: Mesh;
  /** Of the state after the change. */
  readonly expect: (flow: Flow) => Expectation;
}

interface Accounts extends States {
  readonly had: PodsByAccount;
  readonly has: PodsByAccount;
}

type PodsByAccount = ReadonlyMap<string, readonly Pod[]>;

/**
 * Of one measured route: that it goes, and what comes in its place; `later` is it as a question to the state after the
 * change. Never certain: pods are made anew for it, and whether injection does what is declared is not for the manifests
 * to say.
 */
export function mover(states: States): (cell: Cell, later: Flow) => readonly Prediction[] {
  const [had, has] = [states.before, states.after].map(({ pods }) => Map.groupBy(pods, accountOf));
  const accounts = { ...states, had: had ?? new Map(), has: has ?? new Map() };
  return (cell, later) => {
    if (cell.table === 'health') return movedCheck(cell, later, states);
    const { vantage, target } = cell;
    // What comes through a gateway is sent by a prober of ours.
    const isCallers = cell.table === 'reachability' && !(target.kind === 'service' && target.via !== undefined);
    return isCallers && vantage.dataPlane !== 'host' ? movedCaller(cell, later, accounts) : [];
  };
}

/** Those of before that are not foretold to go, and the moves; of routes that several cells stand for each once. */
export function withMoves(predictions: readonly Prediction[], moves: readonly Prediction[]): readonly Prediction[] {
  const moved = new Map(moves.map((move) => [move.identity, move]));
  return [...predictions.filter(({ identity }) => !moved.has(identity)), ...moved.values()];
}

function movedCaller(cell: Cell, later: Flow, { had, has, expect }: Accounts): readonly Prediction[] {
  const { vantage } = cell;
  const [old, current] = [had, has].map((pods) => pods.get(accountOf(vantage)) ?? []);
  if (old === undefined || current === undefined) return [];
  const isAmong = (pods: readonly Pod[], plane: string): boolean => pods.some(({ dataPlane }) => dataPlane === plane);
  const isGone = isAmong(old, vantage.dataPlane) && !isAmong(current, vantage.dataPlane);
  const newcomers = current.filter(({ dataPlane }) => !isAmong(old, dataPlane));
  return [
    ...(isGone ? [gone(identityOf(cell))] : []),
    ...newcomers.flatMap(({ key, dataPlane }) => {
      if (dataPlane === 'gateway' || dataPlane === 'waypoint') return [];
      const identity = identityOf({ ...cell, vantage: { ...vantage, dataPlane } });
      return [{ identity, ...wordFor(expect({ ...later, source: key }), cell) }];
    }),
  ];
}

function accountOf({ namespace, serviceAccount }: Pick<Vantage, 'namespace' | 'serviceAccount'>): string {
  return `${namespace}/${serviceAccount}`;
}

type NetworkCheck = Extract<HealthCheck, { kind: 'network' }>;

/** The kubelet asks the sidecar in the place of the application, or no more; the plan has a `rewritten` probe for the former. */
function movedCheck(cell: Cell, later: Flow, { before, after, expect }: States): readonly Prediction[] {
  const { probe, target, workload = '' } = cell;
  if (probe.kind !== 'health' || probe.variant === 'original' || target.kind !== 'pod') return [];
  const [was, is] = [before, after].map((mesh) => checkOf(mesh, workload, probe));
  if (was === undefined || is === undefined || was.kubelet.port === is.kubelet.port) return [];
  if (probe.variant === 'rewritten' && !is.isRewritten) return [gone(identityOf(cell))];
  const word = wordFor(expect(later), cell);
  const at = (variant: 'kubelet' | 'rewritten'): string =>
    identityOf({ ...cell, target: { ...target, port: is.kubelet.port }, probe: { ...probe, variant } });
  return [
    gone(identityOf(cell)),
    { identity: at('kubelet'), ...word },
    ...(is.isRewritten ? [{ identity: at('rewritten'), ...word }] : []),
  ];
}

function checkOf(
  mesh: Mesh,
  workload: string,
  { container, check }: { readonly container: string; readonly check: string },
): NetworkCheck | undefined {
  const checks = mesh.workloadsByKey.get(workload)?.pods[0]?.healthChecks ?? [];
  const found = checks.find((one) => one.container === container && one.check === check);
  return found?.kind === 'network' ? found : undefined;
}

function gone(identity: string): Prediction {
  return { identity, becomes: 'gone', certainty: 'probable' };
}

/** That it is mutual TLS can only be seen of what showed its transport before. */
function wordFor({ expect, transport }: Expectation, cell: Cell): Pick<Prediction, 'becomes' | 'certainty'> {
  switch (expect) {
    case 'deny':
      return { becomes: 'closed', certainty: 'probable' };
    case 'mixed':
      return { becomes: 'mixed', certainty: 'probable' };
    case 'unknown':
      return { becomes: 'open', certainty: 'unknown' };
    case 'allow': {
      const isShown = ['plaintext', 'mtls', 'hbone'].includes(measuredOf(cell));
      return { becomes: transport === 'mtls' && isShown ? 'mtls' : 'open', certainty: 'probable' };
    }
  }
}
