/** Declared and measured side by side: calls of policy sets, attempted through a real Envoy and put to the engine. */
import pLimit from 'p-limit';
import { claimAddresses } from '../../../deploy/sandbox/address-block.ts';
import { expectFlow } from '../../../controller/declared/expect.ts';
import type { Flow } from '../../../controller/declared/expectation.ts';
import { addressText } from '../../../proto/vocabulary.ts';
import type { Address } from '../../../proto/vocabulary.ts';
import type { LogLine } from '../istiod/access-log.ts';
import { withSidecars } from '../istiod/sidecars.ts';
import { declaredAnswer, measuredAnswer, tellsRule } from './answers.ts';
import type { Answer } from './answers.ts';
import { attempt } from './attempt.ts';
import type { Attempt, Caller } from './attempt.ts';
import { castOn, PORTS, UNDECLARED_PORT } from './cast.ts';
import type { Cast, Naked } from './cast.ts';
import { declaredMesh } from './declared-mesh.ts';
import { Identities } from './identities.ts';
import { TARGET_LABELS } from './policy-sets.ts';
import type { PolicySet } from './policy-sets.ts';

export interface AskedSet {
  readonly set: PolicySet;
  readonly flows: readonly Flow[];
}

export interface Cell {
  readonly set: PolicySet;
  readonly flow: Flow;
  readonly declared: Answer;
  readonly measured: Answer;
  /** Null where the chain says nothing of requests. */
  readonly path: string | null;
}

const AT_ONCE = 24;

/** `draw` gets the addresses that policies and calls may name; `count` is the number of sets that it gives back. */
export async function measureCells(
  binary: string,
  count: number,
  draw: (cast: Cast) => readonly AskedSet[],
): Promise<readonly Cell[]> {
  await using block = await claimAddresses('per-pod');
  const cast = await castOn(block, count);
  const identities = new Identities(Date.now());
  const asked = draw(cast);
  const sidecars = asked.map(({ set: { mesh, namespace, objects } }, index) => ({
    host: cast.targetAt(index),
    workload: { namespace, labels: TARGET_LABELS },
    mesh,
    objects,
    certificate: identities.of(mesh.trustDomain, `${namespace}/t`, 'valid'),
  }));
  const calls = asked
    .flatMap(({ set, flows }, index) => flows.map((flow) => ({ set, flow, host: cast.targetAt(index) })))
    .map((call, number) => ({ ...call, from: callerEnd(cast, call.flow, number) }));
  const limit = pLimit(AT_ONCE);
  let attempts: readonly Attempt[] = [];
  const lines = await withSidecars(binary, sidecars, PORTS, async () => {
    attempts = await Promise.all(
      calls.map(({ set, flow, host, from }) =>
        limit(() => attempt(flow, { host, port: flow.port }, callerOf(identities, set, flow, from))),
      ),
    );
  });
  const byEnds = Map.groupBy(lines, ({ local, remote }) => `${remote} ${local}`);
  const meshes = new Map(asked.map(({ set }, index) => [set, declaredMesh(set, cast, cast.targetAt(index))]));
  return calls.flatMap(({ set, flow, host, from }, number) => {
    const [mesh, made] = [meshes.get(set), attempts[number]];
    if (mesh === undefined || made === undefined) return [];
    const log = byEnds.get(`${addressText(from)} ${addressText({ host, port: flow.port })}`) ?? [];
    const measured = measuredAnswer(made, log, set);
    const expected = declaredAnswer(expectFlow(mesh, flow));
    const declared = tellsRule(measured, log) ? expected : { ...expected, rule: null };
    return [{ set, flow, declared, measured, path: pathIn(log) }];
  });
}

const FIRST_CALLER_PORT = 10_000;

/** A port of its own for each call, below those that the system gives out: no two lines of the log are for one pair of ends. */
function callerEnd({ callers }: Cast, { source }: Flow, number: number): Address {
  return { host: callers[source as Naked], port: FIRST_CALLER_PORT + number };
}

function callerOf(identities: Identities, set: PolicySet, flow: Flow, address: Address): Caller {
  const { certificate = 'none', as = '' } = flow.tls ?? {};
  const own = identities.of(set.mesh.trustDomain, as, certificate);
  return {
    address,
    ...(own !== undefined && { certificate: own }),
    ...(flow.port !== UNDECLARED_PORT && { serverName: serverName(set, flow.port) }),
  };
}

/** As Istio's own clients name a port of a Service. istio: pilot/pkg/model/service.go:BuildDNSSrvSubsetKey */
function serverName({ namespace }: PolicySet, port: number): string {
  return `outbound_.${String(port)}_._.t.${namespace}.svc.cluster.local`;
}

/** As policies saw it. */
function pathIn(log: readonly LogLine[]): string | null {
  return log.flatMap(({ path }) => path ?? [])[0] ?? null;
}
