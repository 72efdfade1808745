/** What an attempt comes to: outcomes, and what is seen of the wire and of certificates on the way to them. */

/** How far an attempt got. `application` is everything after the connection (and TLS, if any) stood. */
export type Layer = 'dns' | 'tcp' | 'tls' | 'application';

export interface PhaseTimings {
  /** Milliseconds spent in each layer that was reached; the rest is absent. */
  readonly dnsMs?: number;
  readonly tcpMs?: number;
  readonly tlsMs?: number;
  readonly firstByteMs?: number;
  readonly totalMs: number;
}

/** Transport of an answered attempt as far as it is proved: by our own handshake, or by a witness. */
export type ProvedTransport = 'plaintext' | 'tls' | 'mtls' | 'hbone' | 'unproved';

/** What was found wrong with a served certificate; the connection is taken on to the answer all the same. */
export type IdentityFault = 'expired' | 'not-yet-valid' | 'untrusted-root' | 'identity-mismatch' | 'no-spiffe-id';

/** The certificate that the peer served, as it was read. */
export interface PeerCertificate {
  /** The URI SAN, or null. */
  readonly spiffeId: string | null;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SHA-256, hex, of the root that it leads to, or of the topmost certificate that was served; tells two roots apart. */
  readonly issuerFingerprint: string;
  readonly fault: IdentityFault | null;
}

/** What our own witness said of the caller. Absent where the target is not a witness. */
export interface WitnessReport {
  /** Which pod answered. */
  readonly pod: string;
  /** SPIFFE id from the last element of x-forwarded-client-cert; null: the witness saw plaintext without identity. */
  readonly caller: string | null;
  /** Whether the answering port stands behind a proxy that sets x-forwarded-client-cert, so that `caller` is proof. */
  readonly isProof: boolean;
}

interface AttemptFacts {
  /** Which of the route's addresses was dialled, counted from 0. */
  readonly address: number;
  readonly timings: PhaseTimings;
  readonly certificate?: PeerCertificate;
}

/** Bytes came back in answer from the application (whatever its status), or a health check got the answer it wants. */
export interface Reached extends AttemptFacts {
  readonly kind: 'reached';
  readonly transport: ProvedTransport;
  /** HTTP or gRPC status of the answer. */
  readonly status?: number;
  readonly witness?: WitnessReport;
}

/** How a refusal looked on the wire; a signature never claims more than the bytes prove. */
export type Signature =
  | 'name-not-found'
  | 'name-lookup-failed'
  | 'connection-refused'
  | 'unreachable'
  | 'reset'
  | 'closed'
  | 'certificate-required'
  | 'certificate-refused'
  | 'protocol-version'
  | 'tls-alert'
  | 'speaks-plaintext'
  | 'rbac-denied'
  | 'jwt-refused'
  | 'bad-request'
  | 'no-route'
  | 'blackhole'
  | 'upstream-reset'
  | 'upstream-plaintext'
  | 'upstream-certificate'
  | 'upstream-timeout'
  | 'upstream-refused'
  | 'upstream-failed'
  | 'no-healthy-upstream'
  | 'health-failed'
  | 'not-the-protocol';

/** Why our certificate was refused, where the wire says so. */
export type CertificateRefusal = 'unknown-ca' | 'expired' | 'identity' | 'bad' | 'revoked' | 'unspecified';

export interface Refused extends AttemptFacts {
  readonly kind: 'refused';
  readonly layer: Layer;
  readonly signature: Signature;
  readonly status?: number;
  /** TLS alert number, where one was sent. */
  readonly alert?: number;
  readonly certificateRefusal?: CertificateRefusal;
  /** Short evidence as it was seen (error text, first bytes of a body); never a secret, at most 256 characters. */
  readonly detail: string;
}

/** Nothing came before the deadline. */
export interface Silent extends AttemptFacts {
  readonly kind: 'silent';
  readonly layer: Layer;
  readonly afterMs: number;
}

/** Faults of ours. An untested attempt is never a denial. */
export type UntestedWhy =
  | 'no-agent'
  | 'agent-lost'
  | 'agent-starved'
  | 'agent-not-ready'
  | 'resource-exhausted'
  | 'no-certificate'
  | 'no-address'
  | 'dropped'
  | 'cancelled'
  | 'unsupported-probe'
  | 'internal-fault';

export interface Untested {
  readonly kind: 'untested';
  readonly why: UntestedWhy;
  readonly detail: string;
}

/** The classified result of an attempt: what the wire said, never an exception. */
export type Outcome = Reached | Refused | Silent | Untested;

/** An outcome with its place: which attempt on which route it answers. */
export interface Report {
  readonly route: number;
  readonly slot: number;
  readonly attempt: number;
  readonly startedAtMs: number;
  readonly outcome: Outcome;
}
