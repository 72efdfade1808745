/** How a target is spoken to: the probe for a declared protocol, ALPN names, server name, Host header, identities. */
import type { DeclaredProtocol, Mesh, Pod, Service, ServiceEndpoint } from '../declared/mesh.ts';
import type { ApplicationProtocol, Probe } from '../../proto/vocabulary.ts';
import { spiffeId } from '../../proto/vocabulary.ts';

/** What to say where Istio would sniff: HTTP, which most ports that nobody declared speak. */
export function applicationOf(protocol: DeclaredProtocol): ApplicationProtocol {
  return protocol === 'auto' ? 'http' : protocol;
}

/** The cleartext probe that makes an application of this protocol answer. */
export function cleartextProbe(application: ApplicationProtocol, path: string): Probe {
  return application === 'http' ? { kind: 'http', method: 'GET', path } : { kind: application };
}

/** Reaches the HTTP chain of a port, and leaves a TCP chain the choice of `istio`. */
export const ISTIO_HTTP_ALPN = ['istio-http/1.1', 'istio'] as const;

/**
 * Names that Istio's own clients offer for the protocol (istio: pilot/pkg/networking/util/util.go and the istio.alpn
 * filter), without `istio-peer-exchange`: a server that picks that one writes a binary preamble first.
 */
export function istioAlpn(application: ApplicationProtocol): readonly string[] {
  switch (application) {
    case 'http':
      return ['istio-http/1.1', 'istio', 'http/1.1'];
    case 'grpc':
      return ['istio-h2', 'istio', 'h2'];
    case 'tcp':
      return ['istio'];
  }
}

/** The server name of Istio's own mTLS (istio: pilot/pkg/model/service.go:BuildDNSSrvSubsetKey, empty subset). */
export function istioServerName(fqdn: string, servicePort: number): string {
  return `outbound_.${String(servicePort)}_._.${fqdn}`;
}

export function authorityOf(service: Service, port: number): string {
  return `${service.fqdn}:${String(port)}`;
}

export function identityOf(mesh: Mesh, pod: Pod): string {
  return spiffeId(mesh.trustDomain, pod.namespace, pod.serviceAccount);
}

/** Declared identities behind a service port, sorted; addresses that are no pod of the mesh have none. */
export function identitiesOf(mesh: Mesh, endpoints: readonly ServiceEndpoint[]): readonly string[] {
  const pods = endpoints.flatMap(({ pod }) => (pod === null ? [] : [mesh.podsByKey.get(pod)]));
  return [...new Set(pods.flatMap((pod) => (pod === undefined ? [] : [identityOf(mesh, pod)])))].sort();
}

/** Proxies that stand by themselves are hops on a way, not targets. */
export function isApplication(pod: Pod): boolean {
  return pod.dataPlane !== 'gateway' && pod.dataPlane !== 'waypoint';
}
