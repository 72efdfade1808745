/** Which DestinationRule a client follows toward a service, and the TLS that it asks for. */
import { byAge, isSubset, namespaceOf } from './manifests.ts';
import type { ClientTlsMode, DestinationRule, Manifest, TrafficPolicy } from './manifests.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { OraclePod } from './pods.ts';

/** One rule as istiod keeps it: what several objects of one host and namespace came to. */
interface Kept {
  readonly first: DestinationRule;
  readonly exportTo: readonly string[];
  readonly policy: TrafficPolicy | undefined;
  readonly policyBy: DestinationRule;
}

export interface ClientRule {
  readonly policy: TrafficPolicy | undefined;
  readonly by: DestinationRule;
}

/**
 * Client's namespace, then the service's, then the root's: the first that has a rule for the host (istio:
 * pilot/pkg/model/push_context.go:destinationRule, sidecar.go:DestinationRule).
 */
export function ruleFor(
  objects: readonly Manifest[],
  settings: MeshSettings,
  client: OraclePod,
  service: { readonly host: string; readonly namespace: string },
): ClientRule | undefined {
  const root = settings.rootNamespace;
  const own =
    client.namespace === root
      ? forHost(objects, root, service.host, isPrivate)
      : forHost(objects, client.namespace, service.host, isForOwnNamespace);
  const isExportedToClient = ({ exportTo }: Kept): boolean =>
    exportTo.length === 0 || exportTo.includes('*') || exportTo.includes(client.namespace);
  const ofService = (): readonly Kept[] =>
    forHost(objects, service.namespace, service.host, (rule) => !isPrivate(rule)).filter(isExportedToClient);
  const ofRoot = (): readonly Kept[] =>
    forHost(objects, root, service.host, (rule) => !isPrivate(rule)).filter(isExportedToClient);
  const stages = [() => own, ofService, ofRoot];
  const kept = stages.map((stage) => stage()).find((rules) => rules.length > 0) ?? [];
  const chosen =
    kept.find(
      ({ first }) =>
        first.spec.workloadSelector !== undefined &&
        namespaceOf(first) === client.namespace &&
        isSubset(first.spec.workloadSelector.matchLabels, client.labels),
    ) ?? kept.findLast(({ first }) => first.spec.workloadSelector === undefined);
  return chosen === undefined ? undefined : { policy: chosen.policy, by: chosen.policyBy };
}

/** The rules kept for the most specific host of the namespace. */
function forHost(
  objects: readonly Manifest[],
  namespace: string,
  host: string,
  isIn: (rule: DestinationRule) => boolean,
): readonly Kept[] {
  const rules = objects
    .filter((object) => object.kind === 'DestinationRule')
    .filter((rule) => namespaceOf(rule) === namespace && isIn(rule) && fits(hostIn(rule), host));
  const best = rules
    .map(hostIn)
    .toSorted((one, other) => Number(other === host) - Number(one === host) || other.length - one.length)
    .at(0);
  return merged(rules.filter((rule) => hostIn(rule) === best));
}

/** A name without a dot is one of the rule's own namespace; anything else stands as it is. */
function hostIn(rule: DestinationRule): string {
  const { host } = rule.spec;
  return host.includes('.') || host === '*' ? host : `${host}.${namespaceOf(rule)}.svc.cluster.local`;
}

function fits(pattern: string, host: string): boolean {
  return pattern.startsWith('*') ? host.endsWith(pattern.slice(1)) : pattern === host;
}

function exportTo(rule: DestinationRule): readonly string[] {
  return rule.spec.workloadSelector === undefined ? [...new Set(rule.spec.exportTo ?? [])] : ['.'];
}

function isForOwnNamespace(rule: DestinationRule): boolean {
  const to = exportTo(rule);
  return to.length === 0 || [...to].some((word) => ['*', '.', namespaceOf(rule)].includes(word));
}

function isPrivate(rule: DestinationRule): boolean {
  const to = exportTo(rule);
  return to.length === 1 && (to[0] === '.' || to[0] === namespaceOf(rule));
}

/**
 * Rules with a selector come first, then by age. A rule lends its policy to every kept one that it may merge into; the
 * last kept one that it met says whether it stands by itself as well (istio: pilot/pkg/model/destination_rule.go:
 * mergeDestinationRule).
 */
function merged(rules: readonly DestinationRule[]): readonly Kept[] {
  const withSelector = rules.filter((rule) => rule.spec.workloadSelector !== undefined);
  const others = rules.filter((rule) => rule.spec.workloadSelector === undefined);
  return [...byAge(withSelector), ...byAge(others)].reduce<readonly Kept[]>(addTo, []);
}

function addTo(kept: readonly Kept[], rule: DestinationRule): readonly Kept[] {
  const to = exportTo(rule);
  const mine = rule.spec.workloadSelector;
  const after: Kept[] = [];
  let standsAlone = true;
  for (const present of kept) {
    const theirs = present.first.spec.workloadSelector;
    const isSame = to.length === present.exportTo.length && to.every((word) => present.exportTo.includes(word));
    const isWider = present.exportTo.length > 0 && present.exportTo.every((word) => to.includes(word));
    const isForOthers = mine !== undefined && theirs !== undefined && !hasEqual(mine.matchLabels, theirs.matchLabels);
    if ((!isSame && !isWider) || isForOthers) {
      standsAlone = true;
      after.push(present);
    } else {
      standsAlone = !isSame && (mine === undefined) !== (theirs === undefined);
      const isLent = present.policy === undefined && rule.spec.trafficPolicy !== undefined;
      after.push(isLent ? { ...present, policy: rule.spec.trafficPolicy, policyBy: rule } : present);
    }
  }
  const alone = { first: rule, exportTo: to, policy: rule.spec.trafficPolicy, policyBy: rule };
  return standsAlone ? [...after, alone] : after;
}

function hasEqual(
  one: Readonly<Record<string, string>> | undefined,
  other: Readonly<Record<string, string>> | undefined,
): boolean {
  return isSubset(one, other ?? {}) && isSubset(other, one ?? {});
}

/** What the connection is built with: a setting for the port replaces the whole policy, TLS included. */
export function tlsOf(policy: TrafficPolicy | undefined, servicePort: number): ClientTlsMode | undefined {
  const ofPort = policy?.portLevelSettings?.find(({ port }) => port.number === servicePort);
  const { tls } = ofPort ?? policy ?? {};
  return tls === undefined ? undefined : (tls.mode ?? 'DISABLE');
}

/**
 * What decides per endpoint where `tlsOf` says nothing: here the top level shines through a port setting without TLS
 * (istio: pilot/pkg/xds/endpoints/mtls_checker.go:trafficPolicyTLSModeForPort).
 */
export function endpointTlsOf(policy: TrafficPolicy | undefined, servicePort: number): ClientTlsMode | undefined {
  const ofPort = policy?.portLevelSettings?.find(({ port, tls }) => port.number === servicePort && tls !== undefined);
  const tls = ofPort?.tls ?? policy?.tls;
  return tls === undefined ? undefined : (tls.mode ?? 'DISABLE');
}
