/**
 * DestinationRules and VirtualServices that nothing comes to, or that choose nothing.
 * istio: pilot/pkg/model/push_context.go:setDestinationRules, initVirtualServices
 */
import type { DestinationRule } from './destination-rule.ts';
import { isWildcard, wildcardMatches } from './hosts.ts';
import type { LintFinding } from './lint.ts';
import type { Mesh } from './mesh.ts';
import type { Service } from './model.ts';
import { isSubset } from './selector.ts';

export function lintDestinationRules(mesh: Mesh): readonly LintFinding[] {
  const { all } = mesh.destinationRules;
  const used = usedPolicies(mesh);
  return all.flatMap((rule): readonly LintFinding[] => {
    const services = servicesOf(mesh, rule.host);
    const name = `DestinationRule ${rule.ref.namespace}/${rule.ref.name}`;
    if (services.length === 0) return [hostFinding(rule, name)];
    const twin = used.get(keyOf(rule));
    const findings: LintFinding[] = [];
    if (rule.policy !== null && twin !== undefined && twin !== rule.ref) {
      findings.push({
        reason: 'never-chosen',
        object: { ...rule.ref, path: 'spec.trafficPolicy' },
        inForce: twin,
        message: `${name} has a traffic policy that nobody uses: DestinationRule ${twin.namespace}/${twin.name} is for the same host and comes first.`,
        isStricter: false,
        pods: [],
      });
    }
    return [...findings, ...emptySubsets(rule, name, services, mesh)];
  });
}

function hostFinding(rule: DestinationRule, name: string): LintFinding {
  return {
    reason: 'host-resolves-to-nothing',
    object: { ...rule.ref, path: 'spec.host' },
    message: `${name} is for host ${rule.host}, and there is no such service.`,
    isStricter: false,
    pods: [],
  };
}

function keyOf({ ref }: Pick<DestinationRule, 'ref'>): string {
  return `${ref.namespace}/${ref.name}`;
}

/** For every rule that was merged into another one: where the policy in force comes from. */
function usedPolicies({ destinationRules }: Mesh): ReadonlyMap<string, DestinationRule['ref']> {
  const tables = [
    ...destinationRules.local.values(),
    ...destinationRules.exported.values(),
    destinationRules.rootPrivate,
  ];
  const used = new Map<string, DestinationRule['ref']>();
  for (const merged of tables.flatMap((table) => table.values()).flat()) {
    for (const ref of merged.from) {
      const key = keyOf({ ref });
      if (merged.policyRef === ref || !used.has(key)) used.set(key, merged.policyRef);
    }
  }
  return used;
}

function servicesOf(mesh: Mesh, host: string): readonly Service[] {
  return mesh.hosts.filter(({ fqdn }) => (isWildcard(host) ? wildcardMatches(host, fqdn) : fqdn === host));
}

function emptySubsets(
  rule: DestinationRule,
  name: string,
  services: readonly Service[],
  mesh: Mesh,
): readonly LintFinding[] {
  if (isWildcard(rule.host) || services.some(({ isUnresolved }) => isUnresolved)) return [];
  const pods = services.flatMap(({ ports }) =>
    ports.flatMap(({ endpoints }) => endpoints.flatMap(({ pod }) => mesh.podsByKey.get(pod ?? '') ?? [])),
  );
  return rule.subsets.flatMap((subset, index): readonly LintFinding[] =>
    pods.some(({ labels }) => isSubset(subset.labels, labels))
      ? []
      : [
          {
            reason: 'subset-without-endpoints',
            object: { ...rule.ref, path: `spec.subsets[${String(index)}]` },
            message: `${name} has a subset ${subset.name} that no endpoint of ${rule.host} belongs to.`,
            isStricter: false,
            pods: [],
          },
        ],
  );
}

export function lintVirtualServices(mesh: Mesh): readonly LintFinding[] {
  return mesh.virtualServices.flatMap((service) => {
    const streams = [...service.tls, ...service.tcp].map(({ path, destinations }) => ({ path, destinations }));
    const http = service.http.map(({ path, action }) => ({
      path,
      destinations: action.kind === 'route' ? action.destinations : [],
    }));
    return [...http, ...streams].flatMap(({ path, destinations }) =>
      destinations
        .filter(({ host }) => servicesOf(mesh, host).length === 0)
        .map(({ host }): LintFinding => ({
          reason: 'host-resolves-to-nothing',
          object: { ...service.ref, path },
          message: `${service.ref.kind} ${service.ref.namespace}/${service.ref.name} routes to ${host}, and there is no such service.`,
          isStricter: false,
          pods: [],
        })),
    );
  });
}
