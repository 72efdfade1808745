/** What a client proxy puts on the wire for a service: by DestinationRule, or by what it infers of each endpoint. */
import { destinationRuleFor, markingMode, tlsFor } from './destination-rule.ts';
import type { DestinationRule, PortTls } from './destination-rule.ts';
import type { ObjectRef, TrailStep } from './expectation.ts';
import type { Mesh } from './mesh.ts';
import type { Pod, Service, ServiceEndpoint, ServicePort } from './model.ts';
import { modeAt, namespaceMode } from './peer-authentication.ts';
import type { Labels } from './selector.ts';
import type { ClientTls } from './traffic-policy.ts';
import { step } from './trail.ts';

export type Wire = 'plaintext' | 'istio-mtls' | 'simple' | 'mutual' | 'hbone';

export interface Transport {
  readonly wire: Wire;
  readonly step: TrailStep;
  /** What chose it, where an object did. */
  readonly object: ObjectRef | null;
  /** SIMPLE and MUTUAL: how the client was told to do it. */
  readonly tls: ClientTls | null;
}

export interface ServiceTransport {
  readonly to: (endpoint: ServiceEndpoint) => Transport;
  /** Null: all endpoints of the port. */
  readonly subsetLabels: Labels | null;
  readonly isSubsetMissing: boolean;
  readonly rule: DestinationRule | null;
}

export interface TransportQuestion {
  readonly mesh: Mesh;
  readonly client: { readonly namespace: string; readonly labels: Labels };
  readonly service: Service;
  readonly port: ServicePort;
  /** Empty: none. */
  readonly subset: string;
  /** Gateways know the endpoints of headless services, so they choose for each. */
  readonly isGateway?: true;
}

/** istio: pilot/pkg/networking/core/cluster_tls.go:buildUpstreamTLSSettings, xds/endpoints/mtls_checker.go */
export function serviceTransport(question: TransportQuestion): ServiceTransport {
  const { mesh, client, service, port, subset } = question;
  const rule = destinationRuleFor(mesh.destinationRules, client, service);
  const setting = rule === null ? null : tlsFor(rule, port.port, subset);
  const common = {
    subsetLabels: setting?.subset?.labels ?? null,
    isSubsetMissing: subset !== '' && (setting === null || setting.isSubsetMissing),
    rule,
  };
  if (rule !== null && setting?.tls !== null && setting?.tls !== undefined) {
    const fixed = byRule(rule, setting, setting.tls);
    return { ...common, to: () => fixed };
  }
  return { ...common, to: inferred(question, rule, setting) };
}

function byRule(rule: DestinationRule, setting: PortTls, tls: ClientTls): Transport {
  const object = { ...rule.policyRef, path: setting.path };
  const say = (wire: Wire, result: 'plaintext' | 'mtls' | 'tls'): Transport => ({
    wire,
    step: step('client', result, { by: 'destination-rule', object, note: tls.mode }),
    object,
    tls,
  });
  // Sidecars fetch no Secrets, unless the rule is made for some workloads: cluster_tls.go:buildUpstreamClusterTLSContext
  if (tls.hasCredentialName && rule.selector === null && (tls.mode === 'SIMPLE' || tls.mode === 'MUTUAL')) {
    return say('plaintext', 'plaintext');
  }
  switch (tls.mode) {
    case 'DISABLE':
      return say('plaintext', 'plaintext');
    case 'ISTIO_MUTUAL':
      return say('istio-mtls', 'mtls');
    case 'SIMPLE':
      return say('simple', 'tls');
    case 'MUTUAL':
      return say('mutual', 'tls');
  }
}

function inferred(
  { mesh, service, port, subset, isGateway }: TransportQuestion,
  rule: DestinationRule | null,
  setting: PortTls | null,
): (endpoint: ServiceEndpoint) => Transport {
  const ruleRef = rule === null || setting === null ? undefined : { ...rule.policyRef, path: setting.path };
  const plain = (detail: Parameters<typeof step>[2], object: ObjectRef | null): Transport => ({
    wire: 'plaintext',
    step: step('client', 'plaintext', detail),
    object,
    tls: null,
  });
  if (service.isExternal || !mesh.config.isAutoMtls) {
    const always = plain({ by: 'default', note: service.isExternal ? 'outside the mesh' : 'auto mTLS is off' }, null);
    return () => always;
  }
  const wide = namespaceMode(mesh.peerAuthentications, service.namespace);
  if (wide.mode === 'DISABLE') {
    const always = plain({ by: 'namespace-disable', object: wide.object ?? undefined }, wide.object);
    return () => always;
  }
  const detail =
    setting?.isPortLevelWithoutTls === true
      ? ({ by: 'port-level-without-tls', object: ruleRef } as const)
      : ({ by: 'auto-mtls' } as const);
  if ((service.isHeadless && isGateway !== true) || setting?.isPassthrough === true)
    return withoutChoice(mesh, port, plain);
  const marking = rule === null ? undefined : markingMode(rule, port.port, subset);
  if (marking !== undefined && marking !== 'ISTIO_MUTUAL') {
    const always = plain({ by: 'port-level-without-tls', object: ruleRef, note: marking }, ruleRef ?? null);
    return () => always;
  }
  return (endpoint) => {
    const pod = podOf(mesh, endpoint);
    if (tlsModeOf(mesh, endpoint) !== 'istio') {
      if (mesh.isAmbient && pod?.isTunnelCapable === true) {
        return { wire: 'hbone', step: step('client', 'hbone', detail), object: null, tls: null };
      }
      const note = `${pod?.key ?? endpoint.address} is not marked for mTLS`;
      const object = pod === undefined ? null : labelRef(pod);
      return plain({ ...detail, note }, object);
    }
    // ISTIO_MUTUAL marks every endpoint, also those whose PeerAuthentication is DISABLE (measured on 1.28.3).
    const isMarked = pod === undefined || marking !== undefined;
    const mode = isMarked ? null : modeAt(mesh.peerAuthenticationOf(pod), endpoint.port);
    if (mode?.mode === 'DISABLE')
      return plain({ ...detail, object: mode.object ?? undefined, note: 'mode DISABLE' }, mode.object);
    return { wire: 'istio-mtls', step: step('client', 'mtls', detail), object: null, tls: null };
  };
}

/**
 * Headless services and PASSTHROUGH load balancing: the cluster has no endpoints to tell apart, so one answer for all.
 * istio: pilot/pkg/model/push_context.go:BestEffortInferServiceMTLSMode
 */
function withoutChoice(
  mesh: Mesh,
  port: ServicePort,
  plain: (detail: Parameters<typeof step>[2], object: ObjectRef | null) => Transport,
): (endpoint: ServiceEndpoint) => Transport {
  const odd = port.endpoints.find((endpoint) => tlsModeOf(mesh, endpoint) === 'disabled');
  if (port.endpoints.length === 0 || odd !== undefined) {
    const note = odd === undefined ? 'no endpoints' : `${odd.pod ?? odd.address} is not marked for mTLS`;
    const always = plain({ by: 'auto-mtls-without-choice', note }, null);
    return () => always;
  }
  const always: Transport = {
    wire: 'istio-mtls',
    step: step('client', 'mtls', { by: 'auto-mtls-without-choice' }),
    object: null,
    tls: null,
  };
  return () => always;
}

export function podOf(mesh: Mesh, endpoint: ServiceEndpoint): Pod | undefined {
  return endpoint.pod === null ? undefined : mesh.podsByKey.get(endpoint.pod);
}

function tlsModeOf(mesh: Mesh, endpoint: ServiceEndpoint): string {
  return podOf(mesh, endpoint)?.tlsMode ?? endpoint.tlsMode ?? 'disabled';
}

function labelRef(pod: Pod): ObjectRef | null {
  const label = 'security.istio.io/tlsMode';
  if (pod.labels[label] === undefined) return null;
  return { kind: 'Pod', namespace: pod.namespace, name: pod.name, path: `metadata.labels[${label}]` };
}
