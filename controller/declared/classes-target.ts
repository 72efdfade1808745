/** What a target asks of its callers: the tests in the policies on every way to it, and callers sorted by their answers. */
import { tunnelCallerTests } from './ambient-authorization.ts';
import type { AuthorizationPolicy } from './authorization.ts';
import { policiesFor } from './authorization.ts';
import type { AuthorizationRequest } from './authorization-request.ts';
import { isWildcard, wildcardMatches } from './hosts.ts';
import type { Mesh } from './mesh.ts';
import type { Pod, Service, ServicePort } from './model.ts';
import type { NetworkPeer, NetworkPolicy } from './network-policy.ts';
import { ordinals } from './ordinals.ts';
import { attachedTo, serviceWaypoint } from './waypoint.ts';

/** A caller as policies see it: its proved identity, its addresses, its pod. */
export interface SeenCaller {
  readonly request: AuthorizationRequest;
  readonly peer: NetworkPeer;
}

/** Callers of one number are one to the target. */
export type Partition = (caller: SeenCaller) => number;

type CallerTest = (caller: SeenCaller) => boolean;

/** One partition for all targets with the same policies. */
export function partitions(mesh: Mesh): (service: Service, port: ServicePort) => Partition {
  const known = new Map<string, Partition>();
  const numberOf = ordinals();
  return (service, port) => {
    const asking = askingPolicies(mesh, service, port);
    const key = [...asking.keys()].map(numberOf).join();
    const found = known.get(key) ?? partition([...asking.values()].flat());
    known.set(key, found);
    return found;
  };
}

/** Policies on the way, with what each asks of the caller; those that ask nothing are left out. */
function askingPolicies(mesh: Mesh, service: Service, port: ServicePort): ReadonlyMap<object, readonly CallerTest[]> {
  const asking = new Map<object, readonly CallerTest[]>();
  const add = (policy: object, tests: readonly CallerTest[]): void => {
    if (tests.length > 0) asking.set(policy, tests);
  };
  const waypoint = serviceWaypoint(mesh, service);
  for (const pod of [...podsBehind(mesh, service, port), ...(waypoint?.pods ?? [])]) {
    for (const policy of policiesFor(mesh.authorizationPolicies, pod, mesh.rootNamespace))
      add(policy, authorizes(mesh, policy));
    for (const policy of mesh.networkPolicies.get(pod.namespace) ?? []) {
      if (policy.ingress !== null && policy.selects(pod.labels)) add(policy, admits(policy));
    }
  }
  if (waypoint === null) return asking;
  for (const policy of attachedTo(mesh.authorizationPolicies, waypoint, service, mesh.rootNamespace)) {
    add(policy, authorizes(mesh, policy));
  }
  return asking;
}

/** Sidecars and ztunnel read a policy in ways of their own. */
function authorizes({ isAmbient }: Mesh, policy: AuthorizationPolicy): readonly CallerTest[] {
  const ofProxies = policy.rules.flatMap(({ callerTests }) => callerTests);
  const tests = isAmbient ? [...ofProxies, ...tunnelCallerTests(policy)] : ofProxies;
  return tests.map(
    (test) =>
      ({ request }) =>
        test(request),
  );
}

function admits({ ingress }: NetworkPolicy): readonly CallerTest[] {
  return (ingress ?? []).flatMap(({ peers }) =>
    (peers ?? []).map(
      (test): CallerTest =>
        ({ peer }) =>
          test(peer),
    ),
  );
}

/** The pods that a call can end at: the port's own, and those of every service that a VirtualService may send it to. */
function podsBehind(mesh: Mesh, service: Service, port: ServicePort): ReadonlySet<Pod> {
  const routed = mesh.virtualServices
    .filter(({ hosts }) =>
      hosts.some((host) => (isWildcard(host) ? wildcardMatches(host, service.fqdn) : host === service.fqdn)),
    )
    .flatMap(({ http, tcp }) => [
      ...http.flatMap(({ action }) => (action.kind === 'route' ? action.destinations : [])),
      ...tcp.flatMap(({ destinations }) => destinations),
    ])
    .flatMap(({ host }) => mesh.hostsByName.get(host)?.ports ?? []);
  return new Set(
    [port, ...routed].flatMap(({ endpoints }) => endpoints.flatMap(({ pod }) => mesh.podsByKey.get(pod ?? '') ?? [])),
  );
}

interface Branch {
  yes?: Branch;
  no?: Branch;
  number?: number;
}

/** Callers with the same answers to all tests have the same number. Asks each caller once while it is the same one. */
function partition(tests: readonly CallerTest[]): Partition {
  if (tests.length === 0) return () => 0;
  const root: Branch = {};
  let count = 0;
  let last: SeenCaller | null = null;
  let number = 0;
  return (caller) => {
    if (caller === last) return number;
    let branch = root;
    for (const test of tests) branch = test(caller) ? (branch.yes ??= {}) : (branch.no ??= {});
    if (branch.number === undefined) {
      branch.number = count;
      count += 1;
    }
    last = caller;
    number = branch.number;
    return number;
  };
}
