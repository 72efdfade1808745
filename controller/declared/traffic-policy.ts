/**
 * The TLS part of a DestinationRule's traffic policies: top level, port level and subset.
 * istio: pilot/pkg/networking/util/util.go:GetPortLevelTrafficPolicy, mergeTrafficPolicy
 */
import { fields, integer, isFields, list, text, textMap, texts } from './reading.ts';
import type { Fields } from './reading.ts';
import type { Labels } from './selector.ts';

export type ClientTlsMode = 'DISABLE' | 'SIMPLE' | 'MUTUAL' | 'ISTIO_MUTUAL';

export interface ClientTls {
  readonly mode: ClientTlsMode;
  /** Server name in the handshake; empty: Istio's own. */
  readonly sni: string;
  readonly subjectAltNames: readonly string[];
  readonly isVerified: boolean;
  readonly caCertificates: string;
  /** SIMPLE and MUTUAL from a Secret, which sidecars heed under a workloadSelector only. */
  readonly hasCredentialName: boolean;
  /** MUTUAL with files: path of the client certificate. */
  readonly clientCertificate: string;
}

export interface TrafficPolicy {
  readonly tls: ClientTls | null;
  readonly isPassthrough: boolean;
  /** By service port; a port's policy replaces the whole of the top-level one. */
  readonly ports: ReadonlyMap<number, PortPolicy>;
}

export interface PortPolicy {
  readonly tls: ClientTls | null;
  readonly isPassthrough: boolean;
  readonly index: number;
  /** Of several entries for the port the first that sets TLS; differs from `tls` where the first entry sets none. */
  readonly markingTls: ClientTls | null;
}

export interface Subset {
  readonly name: string;
  readonly labels: Labels;
  readonly policy: TrafficPolicy | null;
}

export function readTrafficPolicy(value: unknown): TrafficPolicy | null {
  if (!isFields(value)) return null;
  const ports = new Map<number, PortPolicy>();
  for (const [index, entry] of list(value['portLevelSettings']).entries()) {
    const port = integer(fields(entry, 'port')['number']);
    if (port === undefined) continue;
    const tls = readTls(fields(entry)['tls']);
    // The first entry of a port counts, as Istio looks for the first match.
    const first = ports.get(port) ?? { tls, isPassthrough: isPassthrough(fields(entry)), index, markingTls: tls };
    ports.set(port, { ...first, markingTls: first.markingTls ?? tls });
  }
  return { tls: readTls(value['tls']), isPassthrough: isPassthrough(value), ports };
}

export function readSubsets(value: unknown): readonly Subset[] {
  return list(value).map((entry) => ({
    name: text(fields(entry)['name']) ?? '',
    labels: textMap(fields(entry)['labels']),
    policy: readTrafficPolicy(fields(entry)['trafficPolicy']),
  }));
}

function readTls(value: unknown): ClientTls | null {
  if (!isFields(value)) return null;
  const mode = value['mode'];
  return {
    mode: mode === 'SIMPLE' || mode === 'MUTUAL' || mode === 'ISTIO_MUTUAL' ? mode : 'DISABLE',
    sni: text(value['sni']) ?? '',
    subjectAltNames: texts(value['subjectAltNames']),
    isVerified: value['insecureSkipVerify'] !== true,
    caCertificates: text(value['caCertificates']) ?? '',
    hasCredentialName: (text(value['credentialName']) ?? '') !== '',
    clientCertificate: text(value['clientCertificate']) ?? '',
  };
}

function isPassthrough(policy: Fields): boolean {
  return fields(policy, 'loadBalancer')['simple'] === 'PASSTHROUGH';
}
