/** AuthorizationPolicies that reach nobody, or that say something else than they seem to at TCP ports. */
import type { AuthorizationPolicy } from './authorization.ts';
import type { AuthorizationRequest } from './authorization-request.ts';
import { refusedExpressions } from './lint-expressions.ts';
import { isPortOf, targetsOf } from './lint-peer-authentication.ts';
import type { LintFinding } from './lint.ts';
import type { Mesh } from './mesh.ts';
import type { Pod } from './model.ts';
import { fields, list, texts } from './reading.ts';
import { isSubset } from './selector.ts';

export function lintAuthorizationPolicies(mesh: Mesh): readonly LintFinding[] {
  return [...mesh.authorizationPolicies.values()].flat().flatMap((policy): readonly LintFinding[] => {
    if (policy.targetRefs.length > 0) return targetRefs(mesh, policy);
    const pods = mesh.pods.filter(
      ({ namespace, labels }) =>
        (policy.ref.namespace === mesh.rootNamespace || namespace === policy.ref.namespace) &&
        isSubset(policy.selector ?? {}, labels),
    );
    if (pods.length === 0 && policy.selector !== null) return [selectsNothing(policy)];
    return [...refusedExpressions(policy, pods), ...onTcp(mesh, policy, pods), ...servicePorts(mesh, policy, pods)];
  });
}

function nameOf({ ref }: AuthorizationPolicy): string {
  return `AuthorizationPolicy ${ref.namespace}/${ref.name}`;
}

function selectsNothing(policy: AuthorizationPolicy): LintFinding {
  return {
    reason: 'selects-nothing',
    object: { ...policy.ref, path: 'spec.selector' },
    message: `${nameOf(policy)} selects no pod.`,
    isStricter: false,
    pods: [],
  };
}

/** Only gateways and waypoints attach policies by targetRefs. */
function targetRefs(mesh: Mesh, policy: AuthorizationPolicy): readonly LintFinding[] {
  const gateways = mesh.pods.filter(({ dataPlane }) => dataPlane === 'gateway' || dataPlane === 'waypoint');
  const isAttached = policy.targetRefs.some(({ kind, name }) =>
    kind === 'Gateway'
      ? gateways.some(({ labels }) => labels['gateway.networking.k8s.io/gateway-name'] === name)
      : gateways.some(({ dataPlane }) => dataPlane === 'waypoint'),
  );
  if (isAttached) return [];
  const services = policy.targetRefs.flatMap(({ kind, name }) =>
    kind === 'Service' ? [`${policy.ref.namespace}/${name}`] : [],
  );
  const pods = mesh.services
    .filter(({ key }) => services.includes(key))
    .flatMap(({ ports }) => ports.flatMap(({ endpoints }) => endpoints.flatMap(({ pod }) => pod ?? [])));
  return [
    {
      reason: 'target-ref-on-sidecar',
      object: { ...policy.ref, path: 'spec.targetRefs' },
      message: `${nameOf(policy)} has targetRefs, which sidecars ignore, and no waypoint or gateway is there to enforce it.`,
      isStricter: pods.length > 0,
      pods: [...new Set(pods)],
    },
  ];
}

/** HTTP-only fields at ports that are declared TCP. */
function onTcp(mesh: Mesh, policy: AuthorizationPolicy, pods: readonly Pod[]): readonly LintFinding[] {
  if (policy.isDryRun || (policy.action !== 'ALLOW' && policy.action !== 'DENY')) return [];
  if (!policy.rules.some(({ hasHttpFields }) => hasHttpFields)) return [];
  const hit = pods.filter(
    (pod) => pod.dataPlane === 'sidecar' && tcpPortsOf(mesh, pod).some((port) => closes(mesh, policy, pod, port)),
  );
  if (hit.length === 0) return [];
  const isAllow = policy.action === 'ALLOW';
  return [
    {
      reason: isAllow ? 'http-allow-on-tcp' : 'http-deny-on-tcp',
      object: policy.ref,
      message: isAllow
        ? `${nameOf(policy)} allows by HTTP fields only, so at TCP ports it allows nothing.`
        : `${nameOf(policy)} denies by HTTP fields, which count for nothing at TCP ports: every connection there is denied.`,
      isStricter: false,
      pods: hit.map(({ key }) => key),
    },
  ];
}

function tcpPortsOf(mesh: Mesh, pod: Pod): readonly number[] {
  return mesh.ownedPortsOf(pod).filter((port) => mesh.portOwner(pod, port)?.port.protocol === 'tcp');
}

function closes(mesh: Mesh, policy: AuthorizationPolicy, pod: Pod, port: number): boolean {
  const request: AuthorizationRequest = {
    identity: null,
    sourceAddress: null,
    remoteAddress: null,
    destinationAddress: null,
    port,
    serverName: '',
  };
  if (policy.action === 'ALLOW')
    return mesh.authorizationOf(pod).allow.every(({ rules }) => rules.every(({ tcp }) => tcp === null));
  return policy.rules.some(
    ({ hasHttpFields, usesIdentity, tcp }) => hasHttpFields && !usesIdentity && tcp !== null && tcp(request),
  );
}

/** `ports` are container ports; a Service's port number matches nothing. */
function servicePorts(mesh: Mesh, policy: AuthorizationPolicy, pods: readonly Pod[]): readonly LintFinding[] {
  if (pods.length === 0) return [];
  return list(fields(policy.spec)['rules']).flatMap((rule, index) =>
    list(fields(rule)['to']).flatMap((to) => {
      const operation = fields(to, 'operation');
      return [...texts(operation['ports']), ...texts(operation['notPorts'])].flatMap(
        (written): readonly LintFinding[] => {
          const port = Number(written);
          if (pods.some((pod) => isPortOf(mesh, pod, port))) return [];
          const target = pods.flatMap((pod) => targetsOf(mesh, pod, port))[0];
          if (target === undefined) return [];
          return [
            {
              reason: 'authorization-service-port',
              object: { ...policy.ref, path: `spec.rules[${String(index)}]` },
              message: `${nameOf(policy)} names port ${written}, which is the Service's; the container port is ${String(target)}.`,
              isStricter: policy.action === 'DENY',
              pods: pods.map(({ key }) => key),
            },
          ];
        },
      );
    }),
  );
}
