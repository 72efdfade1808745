/** Each word of the vocabulary with its name in the protocol's enums. */
import type * as wire from './gen/meshproof/v1/session.ts';
import type { CertificateRefusal, IdentityFault, Layer, ProvedTransport, Signature, UntestedWhy } from './outcome.ts';
import type { ApplicationProtocol, ContainerProbeKind, DataPlane, HealthVariant } from './vocabulary.ts';

type Words<Word extends string, Name extends string> = Readonly<Record<Word, Name>>;

export const DATA_PLANES: Words<DataPlane, wire.DataPlane> = {
  naked: 'DATA_PLANE_NAKED',
  sidecar: 'DATA_PLANE_SIDECAR',
  ambient: 'DATA_PLANE_AMBIENT',
  host: 'DATA_PLANE_HOST',
};

export const CERTIFICATES: Words<'tls' | 'mtls' | 'mtls-untrusted', wire.ClientCertificate> = {
  tls: 'CLIENT_CERTIFICATE_NONE',
  mtls: 'CLIENT_CERTIFICATE_VALID',
  'mtls-untrusted': 'CLIENT_CERTIFICATE_UNTRUSTED_CA',
};

export const APPLICATIONS: Words<ApplicationProtocol, wire.ApplicationProtocol> = {
  http: 'APPLICATION_PROTOCOL_HTTP',
  tcp: 'APPLICATION_PROTOCOL_TCP',
  grpc: 'APPLICATION_PROTOCOL_GRPC',
};

export const CHECKS: Words<ContainerProbeKind, wire.ContainerProbeKind> = {
  liveness: 'CONTAINER_PROBE_KIND_LIVENESS',
  readiness: 'CONTAINER_PROBE_KIND_READINESS',
  startup: 'CONTAINER_PROBE_KIND_STARTUP',
};

export const VARIANTS: Words<HealthVariant, wire.HealthVariant> = {
  kubelet: 'HEALTH_VARIANT_KUBELET',
  original: 'HEALTH_VARIANT_ORIGINAL',
  rewritten: 'HEALTH_VARIANT_REWRITTEN',
};

export const FAULTS: Words<IdentityFault, wire.IdentityFault> = {
  expired: 'IDENTITY_FAULT_EXPIRED',
  'not-yet-valid': 'IDENTITY_FAULT_NOT_YET_VALID',
  'untrusted-root': 'IDENTITY_FAULT_UNTRUSTED_ROOT',
  'identity-mismatch': 'IDENTITY_FAULT_IDENTITY_MISMATCH',
  'no-spiffe-id': 'IDENTITY_FAULT_NO_SPIFFE_ID',
};

export const TRANSPORTS: Words<ProvedTransport, wire.Transport> = {
  plaintext: 'TRANSPORT_PLAINTEXT',
  tls: 'TRANSPORT_TLS',
  mtls: 'TRANSPORT_MTLS',
  hbone: 'TRANSPORT_HBONE',
  unproved: 'TRANSPORT_UNPROVED',
};

export const LAYERS: Words<Layer, wire.Layer> = {
  dns: 'LAYER_DNS',
  tcp: 'LAYER_TCP',
  tls: 'LAYER_TLS',
  application: 'LAYER_APPLICATION',
};

/** Words that travel as texts need no enum; these tables say which of them are known here. */
export const SIGNATURES: Words<Signature, Signature> = {
  'name-not-found': 'name-not-found',
  'name-lookup-failed': 'name-lookup-failed',
  'connection-refused': 'connection-refused',
  unreachable: 'unreachable',
  reset: 'reset',
  closed: 'closed',
  'certificate-required': 'certificate-required',
  'certificate-refused': 'certificate-refused',
  'protocol-version': 'protocol-version',
  'tls-alert': 'tls-alert',
  'speaks-plaintext': 'speaks-plaintext',
  'rbac-denied': 'rbac-denied',
  'jwt-refused': 'jwt-refused',
  'bad-request': 'bad-request',
  'no-route': 'no-route',
  blackhole: 'blackhole',
  'upstream-reset': 'upstream-reset',
  'upstream-plaintext': 'upstream-plaintext',
  'upstream-certificate': 'upstream-certificate',
  'upstream-timeout': 'upstream-timeout',
  'upstream-refused': 'upstream-refused',
  'upstream-failed': 'upstream-failed',
  'no-healthy-upstream': 'no-healthy-upstream',
  'health-failed': 'health-failed',
  'not-the-protocol': 'not-the-protocol',
};

export const REFUSALS: Words<CertificateRefusal, CertificateRefusal> = {
  'unknown-ca': 'unknown-ca',
  expired: 'expired',
  identity: 'identity',
  bad: 'bad',
  revoked: 'revoked',
  unspecified: 'unspecified',
};

export const WHYS: Words<UntestedWhy, UntestedWhy> = {
  'no-agent': 'no-agent',
  'agent-lost': 'agent-lost',
  'agent-starved': 'agent-starved',
  'agent-not-ready': 'agent-not-ready',
  'resource-exhausted': 'resource-exhausted',
  'no-certificate': 'no-certificate',
  'no-address': 'no-address',
  dropped: 'dropped',
  cancelled: 'cancelled',
  'unsupported-probe': 'unsupported-probe',
  'internal-fault': 'internal-fault',
};

/** The word that the table gives this name; undefined where a newer peer uses one that is not known here. */
export function wordOf<Word extends string>(table: Words<Word, string>, name: string): Word | undefined {
  let words = inverses.get(table);
  if (words === undefined) {
    words = new Map(Object.entries<string>(table).map(([word, its]) => [its, word]));
    inverses.set(table, words);
  }
  return words.get(name) as Word | undefined;
}

const inverses = new WeakMap<object, ReadonlyMap<string, string>>();
