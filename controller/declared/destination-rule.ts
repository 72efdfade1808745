/** Which DestinationRule a client uses for a service, and what TLS it sets for a port. */
import type { ObjectRef } from './expectation.ts';
import { HostTable, resolveShortName } from './hosts.ts';
import type { MeshConfig } from './mesh-config.ts';
import type { K8sObject } from './objects.ts';
import { byAge, refOf } from './order.ts';
import { fields, text, texts } from './reading.ts';
import { isSubset, ownWorkloadSelector } from './selector.ts';
import type { Labels } from './selector.ts';
import { readSubsets, readTrafficPolicy } from './traffic-policy.ts';
import type { ClientTls, ClientTlsMode, Subset, TrafficPolicy } from './traffic-policy.ts';

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
  const rules = [...objects].sort(byAge).map((object) => toRule(object, config));
  // Rules for some workloads come first, whatever their age: push_context.go:sortConfigBySelectorAndCreationTime
  const all = [
    ...rules.filter(({ selector }) => selector !== null),
    ...rules.filter(({ selector }) => selector === null),
  ];
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
  const selector = ownWorkloadSelector(spec);
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
 * A rule is merged into every kept one of its host whose exportTo is the same or narrower, and whose selector is not another
 * one. Whether it stands by itself as well, the last kept one says: not beside its like, nor beside one with the same
 * exportTo. So a private rule for all workloads vanishes beside a rule for some of them (measured on 1.28.3).
 * istio: pilot/pkg/model/destination_rule.go:mergeDestinationRule
 */
function merge(table: Rules, rule: DestinationRule): void {
  const kept = table.get(rule.host);
  if (kept === undefined) {
    table.set(rule.host, [rule]);
    return;
  }
  let isSeparate = true;
  const merged: DestinationRule[] = [];
  for (const older of kept) {
    const encounter = meet(older, rule);
    isSeparate = encounter !== 'absorbed';
    merged.push(encounter === 'apart' ? older : join(older, rule));
  }
  table.set(rule.host, isSeparate ? [...merged, rule] : merged);
}

/** `apart`: neither takes from the other. `lends`: the older one takes, the newer one stays. `absorbed`: it takes, and is all. */
function meet(older: DestinationRule, newer: DestinationRule): 'apart' | 'lends' | 'absorbed' {
  const isCovered = [...older.exportTo].every((name) => newer.exportTo.has(name));
  const isSameExport = isCovered && older.exportTo.size === newer.exportTo.size;
  if (!isSameExport && (!isCovered || older.exportTo.size === 0)) return 'apart';
  const isLike = (older.selector === null) === (newer.selector === null);
  if (older.selector !== null && newer.selector !== null && !isSameSelector(older.selector, newer.selector)) {
    return 'apart';
  }
  return isSameExport || isLike ? 'absorbed' : 'lends';
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
    // `.` is not read as the rule's own namespace here: clients of the root namespace do not see what is for it by that word.
    ?.filter(({ exportTo }) => exportTo.size === 0 || exportTo.has('*') || exportTo.has(clientNamespace));
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
 * What marks endpoints for mTLS where the cluster itself has no TLS setting: of a subset its own policy only, and here the
 * top level shines through a port's settings without `tls`. istio: pilot/pkg/xds/endpoints/mtls_checker.go
 */
export function markingMode(rule: DestinationRule, port: number, subsetName: string): ClientTlsMode | undefined {
  const policy = subsetName === '' ? rule.policy : rule.subsets.find(({ name }) => name === subsetName)?.policy;
  return (policy?.ports.get(port)?.markingTls ?? policy?.tls)?.mode;
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
