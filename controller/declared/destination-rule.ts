/** Which DestinationRule a client uses for a service, and what TLS it sets for a port. */
import type { ObjectRef } from './expectation.ts';
import { HostTable, resolveShortName } from './hosts.ts';
import type { MeshConfig } from './mesh-config.ts';
import type { K8sObject } from './objects.ts';
import { byAge, refOf } from './order.ts';
import { fields, text, texts } from './reading.ts';
import { isSubset, workloadSelector } from './selector.ts';
import type { Labels } from './selector.ts';
import { readSubsets, readTrafficPolicy } from './traffic-policy.ts';
import type { ClientTls, Subset, TrafficPolicy } from './traffic-policy.ts';

/** One rule, or several of one host and namespace merged into one. */
export interface DestinationRule {
  readonly ref: ObjectRef;
  readonly host: string;
  readonly exportTo: ReadonlySet<string>;
  readonly selector: Labels | null;
  readonly policy: TrafficPolicy | null;
  /** The object that the policy came from; differs from `ref` after a merge. */
  readonly policyRef: ObjectRef;
  readonly subsets: readonly Subset[];
  /** Every object that went into it. */
  readonly from: readonly ObjectRef[];
}

type Rules = HostTable<readonly DestinationRule[]>;

export interface DestinationRules {
  /** What a namespace's own clients see of its rules. */
  readonly local: ReadonlyMap<string, Rules>;
  readonly exported: ReadonlyMap<string, Rules>;
  /** Private rules of the root namespace. */
  readonly rootPrivate: Rules;
  readonly rootNamespace: string;
  readonly all: readonly DestinationRule[];
}

/** istio: pilot/pkg/model/push_context.go:setDestinationRules */
export function readDestinationRules(objects: readonly K8sObject[], config: MeshConfig): DestinationRules {
  const local = new Map<string, Rules>();
  const exported = new Map<string, Rules>();
  const rootPrivate: Rules = new HostTable();
  const all = [...objects].sort(byAge).map((object) => toRule(object, config));
  for (const rule of all) {
    const { namespace } = rule.ref;
    const { exportTo } = rule;
    if (exportTo.size === 0 || exportTo.has('*') || exportTo.has('.') || exportTo.has(namespace)) {
      merge(tableOf(local, namespace), rule);
    }
    const isPrivate =
      exportTo.size === 0
        ? config.defaultDestinationRuleExportTo.includes('.')
        : exportTo.size === 1 && (exportTo.has('.') || exportTo.has(namespace));
    if (!isPrivate) merge(tableOf(exported, namespace), rule);
    else if (namespace === config.rootNamespace) merge(rootPrivate, rule);
  }
  return { local, exported, rootPrivate, rootNamespace: config.rootNamespace, all };
}

function tableOf(tables: Map<string, Rules>, namespace: string): Rules {
  const table = tables.get(namespace) ?? new HostTable();
  tables.set(namespace, table);
  return table;
}

function toRule(object: K8sObject, config: MeshConfig): DestinationRule {
  const spec = fields(object, 'spec');
  const selector = workloadSelector(spec, 'workloadSelector');
  const ref = refOf(object);
  return {
    ref,
    host: resolveShortName(text(spec['host']) ?? '', object.metadata.namespace, config.clusterDomain),
    // A rule for some workloads is never exported.
    exportTo: selector === null ? new Set(texts(spec['exportTo'])) : new Set(['.']),
    selector,
    policy: readTrafficPolicy(spec['trafficPolicy']),
    policyRef: ref,
    subsets: readSubsets(spec['subsets']),
    from: [ref],
  };
}

/**
 * Rules of one host are merged oldest first, where their exportTo are equal or the newer one's contains the older one's.
 * istio: pilot/pkg/model/destination_rule.go:mergeDestinationRule
 */
function merge(table: Rules, rule: DestinationRule): void {
  const kept = table.get(rule.host);
  if (kept === undefined) {
    table.set(rule.host, [rule]);
    return;
  }
  const merged: DestinationRule[] = [];
  let separate: DestinationRule | null = rule;
  for (const older of kept) {
    const isOtherSelection =
      older.selector !== null && rule.selector !== null && !isSameSelector(older.selector, rule.selector);
    if (!isMergeable(older.exportTo, rule.exportTo) || isOtherSelection) {
      merged.push(older);
    } else if (older.selector === null && rule.selector !== null) {
      merged.push(older);
      separate = inherit(rule, older);
    } else if (older.selector !== null && rule.selector === null) {
      merged.push(inherit(older, rule));
    } else {
      merged.push(join(older, rule));
      separate = null;
    }
  }
  table.set(rule.host, separate === null ? merged : [...merged, separate]);
}

function isMergeable(older: ReadonlySet<string>, newer: ReadonlySet<string>): boolean {
  if (older.size === 0) return newer.size === 0;
  return [...older].every((name) => newer.has(name));
}

function isSameSelector(a: Labels, b: Labels): boolean {
  return isSubset(a, b) && isSubset(b, a);
}

/** Subsets are united; the first traffic policy stands, no field of another one is mixed in. */
function join(older: DestinationRule, newer: DestinationRule): DestinationRule {
  const names = new Set(older.subsets.map(({ name }) => name));
  return {
    ...older,
    policy: older.policy ?? newer.policy,
    policyRef: older.policy === null ? newer.policyRef : older.policyRef,
    subsets: [...older.subsets, ...newer.subsets.filter(({ name }) => !names.has(name))],
    from: [...older.from, ...newer.from],
  };
}

/** A rule for some workloads takes from the one for all what it lacks. */
function inherit(narrow: DestinationRule, wide: DestinationRule): DestinationRule {
  return { ...join(narrow, wide), exportTo: narrow.exportTo };
}

/**
 * The rule that a client of this namespace (and these labels) uses for the service: own namespace, then the service's, then
 * the root namespace; the first of them that has a match, however unspecific. In the later two the most specific host is
 * taken before visibility is asked, so that an invisible exact rule hides a visible wildcard.
 * istio: pilot/pkg/model/push_context.go:destinationRule, sidecar.go:DestinationRule
 */
export function destinationRuleFor(
  rules: DestinationRules,
  client: { readonly namespace: string; readonly labels: Labels },
  service: { readonly fqdn: string; readonly namespace: string },
): DestinationRule | null {
  const own = client.namespace === rules.rootNamespace ? rules.rootPrivate : rules.local.get(client.namespace);
  const found =
    own?.mostSpecific(service.fqdn) ??
    exportedBy(rules, service.namespace, service.fqdn, client.namespace) ??
    exportedBy(rules, rules.rootNamespace, service.fqdn, client.namespace);
  return found === undefined ? null : choose(found, client);
}

function exportedBy(
  rules: DestinationRules,
  namespace: string,
  host: string,
  clientNamespace: string,
): readonly DestinationRule[] | undefined {
  const visible = rules.exported
    .get(namespace)
    ?.mostSpecific(host)
    ?.filter(
      ({ exportTo }) =>
        exportTo.size === 0 ||
        exportTo.has('*') ||
        exportTo.has(clientNamespace) ||
        (exportTo.has('.') && namespace === clientNamespace),
    );
  return visible === undefined || visible.length === 0 ? undefined : visible;
}

/** A matching workloadSelector first; of several rules without one, the last. */
function choose(
  candidates: readonly DestinationRule[],
  client: { readonly namespace: string; readonly labels: Labels },
): DestinationRule | null {
  const narrow = candidates.find(
    ({ selector, ref }) => selector !== null && ref.namespace === client.namespace && isSubset(selector, client.labels),
  );
  return narrow ?? candidates.findLast(({ selector }) => selector === null) ?? null;
}

export interface PortTls {
  readonly tls: ClientTls | null;
  readonly isPassthrough: boolean;
  /** Path of what decided in the rule's object. */
  readonly path: string;
  /** A port-level policy without TLS took the top-level policy's place. */
  readonly isPortLevelWithoutTls: boolean;
  /** The subset asked for is not in the rule. */
  readonly isSubsetMissing: boolean;
  readonly subset: Subset | null;
}

/**
 * istio: pilot/pkg/networking/util/util.go:GetPortLevelTrafficPolicy, MergeSubsetTrafficPolicy. `portLevelSettings` count service
 * ports, and a match replaces the whole policy: without `tls` there, the port has no TLS setting at all.
 */
export function tlsFor(rule: DestinationRule, port: number, subsetName: string): PortTls {
  const subset = rule.subsets.find(({ name }) => name === subsetName) ?? null;
  const common = { isSubsetMissing: subsetName !== '' && subset === null, subset };
  const portLevel = rule.policy?.ports.get(port);
  const top =
    portLevel === undefined
      ? {
          tls: rule.policy?.tls ?? null,
          isPassthrough: rule.policy?.isPassthrough ?? false,
          path: 'spec.trafficPolicy.tls',
          isPortLevelWithoutTls: false,
        }
      : {
          tls: portLevel.tls,
          isPassthrough: portLevel.isPassthrough,
          path: `spec.trafficPolicy.portLevelSettings[${String(portLevel.index)}]${portLevel.tls === null ? '' : '.tls'}`,
          isPortLevelWithoutTls: portLevel.tls === null && rule.policy?.tls !== null,
        };
  if (subset?.policy === null || subset?.policy === undefined) return { ...top, ...common };
  const at = `spec.subsets[${String(rule.subsets.indexOf(subset))}].trafficPolicy`;
  const subsetPort = subset.policy.ports.get(port);
  if (subsetPort !== undefined) {
    return {
      tls: subsetPort.tls,
      isPassthrough: subsetPort.isPassthrough,
      path: `${at}.portLevelSettings[${String(subsetPort.index)}]`,
      isPortLevelWithoutTls: subsetPort.tls === null,
      ...common,
    };
  }
  if (subset.policy.tls === null)
    return { ...top, isPassthrough: subset.policy.isPassthrough || top.isPassthrough, ...common };
  return { ...top, tls: subset.policy.tls, path: `${at}.tls`, isPortLevelWithoutTls: false, ...common };
}
