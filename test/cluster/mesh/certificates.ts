/** Certificates that no mesh CA would hand out, for sidecars that read them from files. */
import forge from 'node-forge';
import { TEST_LABELS } from './lane.ts';
import type { KubernetesObject } from './objects.ts';

const { pki } = forge;
const KEY_BITS = 2048;
const DAY_MS = 86_400_000;

export interface Authority {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface Leaf {
  readonly spiffeId: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A CA of the same name as Istio's own that nobody knows. */
export function foreignAuthority(): Authority {
  const keys = pki.rsa.generateKeyPair(KEY_BITS);
  const certificate = pki.createCertificate();
  certificate.publicKey = keys.publicKey;
  certificate.serialNumber = '01';
  certificate.validity.notBefore = new Date(Date.now() - DAY_MS);
  certificate.validity.notAfter = new Date(Date.now() + DAY_MS);
  certificate.setSubject([{ name: 'organizationName', value: 'cluster.local' }]);
  certificate.setIssuer(certificate.subject.attributes);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
  ]);
  certificate.sign(keys.privateKey, forge.md.sha256.create());
  return { certificatePem: pki.certificateToPem(certificate), keyPem: pki.privateKeyToPem(keys.privateKey) };
}

/** Of a certificate that is good today. */
export function today(): Pick<Leaf, 'notBefore' | 'notAfter'> {
  return { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS) };
}

/** Of a certificate that ran out yesterday. */
export function yesterday(): Pick<Leaf, 'notBefore' | 'notAfter'> {
  return { notBefore: new Date(Date.now() - 2 * DAY_MS), notAfter: new Date(Date.now() - DAY_MS) };
}

/** The Secret that a sidecar with `CERTIFICATE_ANNOTATIONS` reads; `roots` is what it trusts. */
export function certificateSecret(
  namespace: string,
  name: string,
  { certificatePem, keyPem }: Authority,
  leaf: Leaf,
  roots: string,
): KubernetesObject {
  const authority = pki.certificateFromPem(certificatePem);
  const keys = pki.rsa.generateKeyPair(KEY_BITS);
  const certificate = pki.createCertificate();
  certificate.publicKey = keys.publicKey;
  certificate.serialNumber = forge.util.bytesToHex(`\x01${forge.random.getBytesSync(15)}`);
  certificate.validity.notBefore = leaf.notBefore;
  certificate.validity.notAfter = leaf.notAfter;
  certificate.setIssuer(authority.subject.attributes);
  certificate.setExtensions([
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
    { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
    { name: 'subjectAltName', critical: true, altNames: [{ type: 6, value: leaf.spiffeId }] },
  ]);
  certificate.sign(pki.privateKeyFromPem(keyPem), forge.md.sha256.create());
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, labels: TEST_LABELS },
    stringData: {
      'cert-chain.pem': pki.certificateToPem(certificate),
      'key.pem': pki.privateKeyToPem(keys.privateKey),
      'root-cert.pem': roots,
    },
  };
}

/** Where a sidecar looks for files before it asks the mesh CA (istio: pkg/security/security.go:WorkloadIdentityCertChainPath). */
const FOLDER = '/var/run/secrets/workload-spiffe-credentials';
const FILES = ['cert-chain.pem', 'key.pem', 'root-cert.pem'] as const;

/** The pod's sidecar takes its certificate from this Secret. */
export function certificateAnnotations(secret: string): Readonly<Record<string, string>> {
  // File by file, because the folder itself is a mount of the injector's; one volume a file, because its name is the key.
  const volumes = FILES.map((file, index) => [file, `certificate-${String(index)}`] as const);
  const mounts = volumes.map(([file, volume]) => [volume, { mountPath: `${FOLDER}/${file}`, subPath: file }]);
  return {
    'sidecar.istio.io/userVolume': JSON.stringify(
      Object.fromEntries(volumes.map(([, volume]) => [volume, { secret: { secretName: secret } }])),
    ),
    'sidecar.istio.io/userVolumeMount': JSON.stringify(Object.fromEntries(mounts)),
    // With certificates from files, the agent wants to be told what it knows istiod by (istio: pkg/istio-agent/agent.go:FindRootCAForXDS).
    'proxy.istio.io/config': JSON.stringify({ proxyMetadata: { XDS_ROOT_CA: '/var/run/secrets/istio/root-cert.pem' } }),
  };
}
