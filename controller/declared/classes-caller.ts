/** Which callers are alike: everything on the caller's own side that an answer can depend on, its names aside. */
import { spiffeId } from '../../proto/vocabulary.ts';
import type { DestinationRule } from './destination-rule.ts';
import { identityOf } from './flow-facts.ts';
import type { Mesh } from './mesh.ts';
import type { Pod } from './model.ts';
import { ordinals } from './ordinals.ts';
import { isSubset } from './selector.ts';

/**
 * Two callers of one key get the same answer from a target whose policies do not tell them apart, with each its own name
 * and identity in it. Null: nobody else is like this caller.
 */
export type CallerKey = (pod: Pod) => string | null;

/** What reads a caller: capture, Sidecar and exportTo, DestinationRule, VirtualService, NetworkPolicy egress, what is not modelled. */
export function callerKeys(mesh: Mesh): CallerKey {
  const numberOf = ordinals();
  const isNamed = namedNamespaces(mesh);
  const hops = hopIdentities(mesh);
  const asksCaller = mesh.virtualServices.some(({ http }) => http.some(({ isOfCaller }) => isOfCaller));
  return (pod) => {
    const { namespace, labels, dataPlane, outbound } = pod;
    // A node's own processes are local to their pods, and an identity that a hop shows as well could be either's.
    const isOdd = pod.isHostNetwork || dataPlane === 'gateway' || dataPlane === 'waypoint';
    if (isOdd || hops.has(identityOf(mesh, pod))) return null;
    const sidecar = mesh.scopeOf(pod).ref;
    const rules = mesh.destinationRules.all.filter(
      ({ ref, selector }) => selector !== null && ref.namespace === namespace && isSubset(selector, labels),
    );
    const egress = (mesh.networkPolicies.get(namespace) ?? []).filter(
      (policy) => policy.egress !== null && policy.selects(labels),
    );
    return JSON.stringify([
      dataPlane,
      { ...outbound, excludedPorts: [...outbound.excludedPorts] },
      sidecar === null ? null : numberOf(sidecar),
      // To a Sidecar object, `./` is the caller's own namespace.
      sidecar !== null || asksCaller || isNamed(namespace) ? namespace : null,
      rules.map(numberOf),
      egress.map(numberOf),
      mesh.unmodelled.filter(({ touches }) => touches(pod)).map(numberOf),
      asksCaller ? Object.entries(labels) : null,
    ]);
  };
}

/** Namespaces whose clients see what others do not see, or see it in another way. */
function namedNamespaces(mesh: Mesh): (namespace: string) => boolean {
  const exported = [
    ...mesh.hosts,
    ...mesh.virtualServices.map(({ ref, exportTo }) => ({ namespace: ref.namespace, exportTo })),
    ...mesh.destinationRules.all.map(({ ref, exportTo }) => ({ namespace: ref.namespace, exportTo: [...exportTo] })),
  ];
  const clientRules = mesh.destinationRules.all.filter((rule) => !isOfServer(mesh, rule));
  const named = new Set([mesh.rootNamespace, ...clientRules.map(({ ref }) => ref.namespace)]);
  for (const { namespace, exportTo } of exported) {
    for (const name of exportTo) named.add(name === '.' ? namespace : name);
  }
  return (namespace) => named.has(namespace);
}

/**
 * A rule for the services of its own namespace: clients there, who look in their own namespace first, find what the others find
 * where the service is; whom it is exported to is counted by itself. ServiceEntries may give such names to what is elsewhere.
 */
function isOfServer({ config, hosts }: Mesh, { ref, host, exportTo }: DestinationRule): boolean {
  const domain = `.svc.${config.clusterDomain}`;
  const isPrivate = exportTo.size === 0 && config.defaultDestinationRuleExportTo.includes('.');
  const isNameOfService = hosts.every(({ kind, fqdn }) => kind === 'Service' || !fqdn.endsWith(domain));
  return !isPrivate && isNameOfService && host.endsWith(`.${ref.namespace}${domain}`);
}

/** Identities that a server may see instead of the caller's. */
function hopIdentities(mesh: Mesh): ReadonlySet<string> {
  return new Set(
    [...mesh.waypoints.values()].map(({ ref, serviceAccount }) =>
      spiffeId(mesh.trustDomain, ref.namespace, serviceAccount),
    ),
  );
}
