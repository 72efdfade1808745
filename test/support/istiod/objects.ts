/** Security objects as an API server would hold them, in the fields that reach a sidecar's inbound side. */

export type Mode = 'UNSET' | 'DISABLE' | 'PERMISSIVE' | 'STRICT';
export type Normalization = 'DEFAULT' | 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES';

interface Stored<Kind extends string, Spec> {
  readonly apiVersion: 'security.istio.io/v1';
  readonly kind: Kind;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly creationTimestamp: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: Spec;
}

interface Selecting {
  readonly selector?: { readonly matchLabels: Readonly<Record<string, string>> };
}

export interface PeerAuthenticationSpec extends Selecting {
  readonly mtls?: { readonly mode: Mode };
  readonly portLevelMtls?: Readonly<Record<string, { readonly mode: Mode }>>;
}

type Values = readonly string[];

export type SourceField =
  'principals' | 'requestPrincipals' | 'namespaces' | 'serviceAccounts' | 'ipBlocks' | 'remoteIpBlocks';
export type OperationField = 'hosts' | 'ports' | 'methods' | 'paths';
type Negated<Field extends string> = `not${Capitalize<Field>}`;

export type Source = Readonly<Partial<Record<SourceField | Negated<SourceField>, Values>>>;
export type Operation = Readonly<Partial<Record<OperationField | Negated<OperationField>, Values>>>;

export interface When {
  readonly key: string;
  readonly values?: Values;
  readonly notValues?: Values;
}

export interface Rule {
  readonly from?: readonly { readonly source: Source }[];
  readonly to?: readonly { readonly operation: Operation }[];
  readonly when?: readonly When[];
}

export interface AuthorizationPolicySpec extends Selecting {
  readonly action?: 'ALLOW' | 'DENY' | 'AUDIT';
  readonly rules?: readonly Rule[];
}

export interface JwtRule {
  readonly issuer: string;
  readonly audiences?: Values;
  readonly spaceDelimitedClaims?: Values;
  /** JSON Web Key Set. */
  readonly jwks: string;
}

export interface RequestAuthenticationSpec extends Selecting {
  readonly jwtRules: readonly JwtRule[];
}

export type PeerAuthentication = Stored<'PeerAuthentication', PeerAuthenticationSpec>;
export type AuthorizationPolicy = Stored<'AuthorizationPolicy', AuthorizationPolicySpec>;
export type RequestAuthentication = Stored<'RequestAuthentication', RequestAuthenticationSpec>;
export type SecurityObject = PeerAuthentication | AuthorizationPolicy | RequestAuthentication;

/** Of the mesh's ConfigMap. */
export interface MeshSettings {
  readonly rootNamespace: string;
  readonly trustDomain: string;
  readonly trustDomainAliases: Values;
  readonly normalization: Normalization;
}

/** The workload whose sidecar is configured. */
export interface Workload {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Oldest first; then by name, then by namespace. istio: pilot/pkg/model/config.go:sortConfigByCreationTime */
export function oldestFirst<T extends SecurityObject>(objects: readonly T[]): readonly T[] {
  const keyOf = ({ metadata }: T): readonly string[] => [
    new Date(metadata.creationTimestamp).toISOString(),
    metadata.name,
    metadata.namespace,
  ];
  return objects.toSorted((a, b) => {
    const [left, right] = [keyOf(a), keyOf(b)];
    const first = left.findIndex((part, index) => part !== right[index]);
    return first === -1 ? 0 : (left[first] ?? '') < (right[first] ?? '') ? -1 : 1;
  });
}

/** Every label that is asked for is there; asking for none selects all. */
export function selects({ selector }: Selecting, { labels }: Workload): boolean {
  return Object.entries(selector?.matchLabels ?? {}).every(([name, value]) => labels[name] === value);
}

/**
 * AuthorizationPolicies and RequestAuthentications in force at a sidecar: its own namespace's and the root namespace's,
 * with or without selector. istio: pilot/pkg/model/policyattachment.go:ShouldAttachPolicy
 */
export function attached<T extends AuthorizationPolicy | RequestAuthentication>(
  objects: readonly T[],
  workload: Workload,
  { rootNamespace }: MeshSettings,
): readonly T[] {
  return oldestFirst(objects).filter(
    ({ metadata, spec }) =>
      (metadata.namespace === workload.namespace || metadata.namespace === rootNamespace) && selects(spec, workload),
  );
}
