/** Whether the AuthorizationPolicies of a pod let a request, or a connection, through. */
import { isInBlock, matchesHost, matchesNamespace, matchesPath, matchesPrincipal } from './authorization-values.ts';
import { matchesServiceAccount, matchesText, withAliases } from './authorization-values.ts';
import { compareText, namespaceOf } from './manifests.ts';
import type { AuthorizationPolicy, Condition, Manifest, Operation, Rule, Source } from './manifests.ts';
import type { MeshSettings } from './mesh-settings.ts';
import { selects } from './pods.ts';
import type { OraclePod } from './pods.ts';

/** What is judged. Without `http` it is a connection, of which no more than its ends is known. */
export interface Judged {
  readonly identity: string | null;
  readonly sourceAddress: string | null;
  readonly destinationAddress: string | null;
  readonly port: number;
  readonly http: {
    readonly method: string;
    readonly path: string;
    readonly host: string;
    readonly headers: Readonly<Record<string, string>>;
  } | null;
}

export interface Verdict {
  readonly isAllowed: boolean;
  /** The rule's policy; all ALLOW policies where none matched; nobody where none asked. */
  readonly by: readonly AuthorizationPolicy[];
  readonly rule: number | null;
}

/** DENY before ALLOW; AUDIT and dry runs change nothing (istio: pilot/pkg/security/authz/builder/builder.go:build). */
export function authorize(
  objects: readonly Manifest[],
  settings: MeshSettings,
  pod: OraclePod,
  judged: Judged,
): Verdict {
  const policies = objects
    .filter((object) => object.kind === 'AuthorizationPolicy')
    .filter((policy) => [settings.rootNamespace, pod.namespace].includes(namespaceOf(policy)))
    .filter((policy) => policy.spec?.targetRefs === undefined)
    .filter((policy) => selects(policy.spec?.selector?.matchLabels, pod))
    .filter((policy) => !isDryRun(policy));
  const denied = firstMatch(policies, 'DENY', settings, judged);
  if (denied !== undefined) return { isAllowed: false, by: [denied.policy], rule: denied.rule };
  const allowing = policies.filter((policy) => actionOf(policy) === 'ALLOW');
  if (allowing.length === 0) return { isAllowed: true, by: [], rule: null };
  const allowed = firstMatch(policies, 'ALLOW', settings, judged);
  return allowed === undefined
    ? { isAllowed: false, by: allowing, rule: null }
    : { isAllowed: true, by: [allowed.policy], rule: allowed.rule };
}

function actionOf(policy: AuthorizationPolicy): string {
  return policy.spec?.action ?? 'ALLOW';
}

function isDryRun(policy: AuthorizationPolicy): boolean {
  return ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(policy.metadata.annotations?.['istio.io/dry-run'] ?? '');
}

/** Envoy asks its policies in the order of their names and reports the first that matches. */
function firstMatch(
  policies: readonly AuthorizationPolicy[],
  action: 'ALLOW' | 'DENY',
  settings: MeshSettings,
  judged: Judged,
): { readonly policy: AuthorizationPolicy; readonly rule: number } | undefined {
  const matching = policies
    .filter((policy) => actionOf(policy) === action)
    .flatMap((policy) => (policy.spec?.rules ?? []).map((rule, index) => ({ policy, rule: index, content: rule })))
    .filter(({ policy, content }) => isMatch(content, action, settings, judged, namespaceOf(policy)));
  const idOf = ({ policy, rule }: { readonly policy: AuthorizationPolicy; readonly rule: number }): string =>
    `ns[${namespaceOf(policy)}]-policy[${policy.metadata.name}]-rule[${String(rule)}]`;
  return matching.toSorted((one, other) => compareText(idOf(one), idOf(other)))[0];
}

/** One field: some value fits (or none is given), and none of the values that must not. */
interface Field {
  readonly values: readonly string[];
  readonly notValues: readonly string[];
  readonly isHttpOnly: boolean;
  readonly fits: (value: string) => boolean;
}

function isMatch(rule: Rule, action: string, settings: MeshSettings, judged: Judged, namespace: string): boolean {
  const from = (rule.from ?? [{}]).map(({ source = {} }) => sourceFields(source, settings, judged, namespace));
  const to = (rule.to ?? [{}]).map(({ operation = {} }) => operationFields(operation, judged));
  const when = (rule.when ?? []).map((condition) => conditionField(condition, settings, judged, namespace));
  const isConnection = judged.http === null;
  const asksHttp = [...from.flat(), ...to.flat(), ...when].some(
    ({ isHttpOnly, values, notValues }) => isHttpOnly && values.length + notValues.length > 0,
  );
  if (isConnection && asksHttp && action === 'ALLOW') return false;
  const holds = (field: Field): boolean =>
    (isConnection && field.isHttpOnly) ||
    ((field.values.length === 0 || field.values.some(field.fits)) && !field.notValues.some(field.fits));
  return from.some((fields) => fields.every(holds)) && to.some((fields) => fields.every(holds)) && when.every(holds);
}

function field(
  values: readonly string[] | undefined,
  notValues: readonly string[] | undefined,
  fits: (value: string) => boolean,
  isHttpOnly = false,
): Field {
  return { values: values ?? [], notValues: notValues ?? [], isHttpOnly, fits };
}

function sourceFields(source: Source, settings: MeshSettings, judged: Judged, namespace: string): readonly Field[] {
  return [
    field(source.principals, source.notPrincipals, (value) => isPrincipal(value, settings, judged)),
    field(source.namespaces, source.notNamespaces, (value) => matchesNamespace(value, judged.identity)),
    field(source.serviceAccounts, source.notServiceAccounts, (value) =>
      matchesServiceAccount(value, judged.identity, namespace),
    ),
    field(source.ipBlocks, source.notIpBlocks, (value) => isFrom(value, judged.sourceAddress)),
    field(source.requestPrincipals, source.notRequestPrincipals, () => false, true),
  ];
}

function operationFields(operation: Operation, { http, port }: Judged): readonly Field[] {
  return [
    field(operation.hosts, operation.notHosts, (value) => matchesHost(value, http?.host ?? ''), true),
    field(operation.methods, operation.notMethods, (value) => matchesText(value, http?.method ?? ''), true),
    field(operation.paths, operation.notPaths, (value) => matchesPath(value, http?.path ?? ''), true),
    field(operation.ports, operation.notPorts, (value) => Number(value) === port),
  ];
}

function conditionField(condition: Condition, settings: MeshSettings, judged: Judged, namespace: string): Field {
  const { key, values, notValues } = condition;
  const [, header] = /^request\.headers\[(.+)\]$/.exec(key) ?? [];
  if (header !== undefined) {
    const sent = judged.http?.headers[header.toLowerCase()];
    return field(values, notValues, (value) => sent !== undefined && matchesText(value, sent), true);
  }
  const fits: Readonly<Record<string, (value: string) => boolean>> = {
    'source.principal': (value) => isPrincipal(value, settings, judged),
    'source.namespace': (value) => matchesNamespace(value, judged.identity),
    'source.serviceAccount': (value) => matchesServiceAccount(value, judged.identity, namespace),
    'source.ip': (value) => isFrom(value, judged.sourceAddress),
    'destination.ip': (value) => isFrom(value, judged.destinationAddress),
    'destination.port': (value) => Number(value) === judged.port,
  };
  const known = fits[key];
  if (known === undefined) throw new Error(`the oracle does not know the condition ${key}`);
  return field(values, notValues, known);
}

function isPrincipal(value: string, settings: MeshSettings, { identity }: Judged): boolean {
  return withAliases(value, [settings.trustDomain, ...settings.trustDomainAliases]).some((pattern) =>
    matchesPrincipal(pattern, identity),
  );
}

function isFrom(block: string, address: string | null): boolean {
  if (address === null) throw new Error('the oracle knows no address to match with a block');
  return isInBlock(address, block);
}
