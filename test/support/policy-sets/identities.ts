/** Certificates of everybody in the cast, good and bad, from one root. */
import { createRoot, expired, validFor, WORKLOAD_LIFETIME_MS } from '../../../deploy/sandbox/ca/mesh-root.ts';
import type { MeshRoot } from '../../../deploy/sandbox/ca/mesh-root.ts';
import type { WorkloadCertificate } from '../../../deploy/sandbox/data-plane.ts';
import type { FlowCertificate } from '../../../controller/declared/expectation.ts';
import { spiffeId } from '../../../proto/vocabulary.ts';

export class Identities {
  readonly #root: MeshRoot;
  readonly #otherRoot: MeshRoot;
  readonly #nowMs: number;
  readonly #known = new Map<string, WorkloadCertificate>();

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
    this.#root = createRoot('Mesh', nowMs);
    this.#otherRoot = createRoot('Other mesh', nowMs);
  }

  /** `workload` is `namespace/name`, and its service account has its name. Undefined: no certificate. */
  of(trustDomain: string, workload: string, kind: Exclude<FlowCertificate, 'none'>): WorkloadCertificate;
  of(trustDomain: string, workload: string, kind: FlowCertificate): WorkloadCertificate | undefined;
  of(trustDomain: string, workload: string, kind: FlowCertificate): WorkloadCertificate | undefined {
    if (kind === 'none') return undefined;
    const key = `${trustDomain} ${workload} ${kind}`;
    const certificate = this.#known.get(key) ?? this.#issue(trustDomain, workload, kind);
    this.#known.set(key, certificate);
    return certificate;
  }

  #issue(trustDomain: string, workload: string, kind: Exclude<FlowCertificate, 'none'>): WorkloadCertificate {
    const [namespace = '', name = ''] = workload.split('/');
    const issuer = kind === 'untrusted-ca' ? this.#otherRoot : this.#root;
    const id = spiffeId(kind === 'wrong-trust-domain' ? 'other.example' : trustDomain, namespace, name);
    const validity = kind === 'expired' ? expired(this.#nowMs) : validFor(WORKLOAD_LIFETIME_MS, this.#nowMs);
    return { ...issuer.issue([id], validity), root: this.#root.rootPem };
  }
}
