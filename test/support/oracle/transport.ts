/** What a client's own proxy speaks to an endpoint of a service. */
import { namespaceOf } from './manifests.ts';
import type { Manifest, Service, ServicePort } from './manifests.ts';
import type { MeshSettings } from './mesh-settings.ts';
import { endpointTlsOf, ruleFor, tlsOf } from './destination-rule.ts';
import { modeOfNamespace, modeOfPort } from './peer-authentication.ts';
import type { OraclePod } from './pods.ts';
import { classOf, endpointsOf, hostOf, isHeadless } from './services.ts';
import type { Endpoint } from './services.ts';

export interface Speech {
  readonly tls: 'none' | 'simple' | 'mutual' | 'istio';
  /** A rule says so itself. */
  readonly isDictated: boolean;
  /** The proxy reads HTTP on this way, and announces it in ALPN. */
  readonly isHttpAware: boolean;
  /** Everything declared that had a part in the choice. */
  readonly by: readonly Manifest[];
}

const SPOKEN = { DISABLE: 'none', SIMPLE: 'simple', MUTUAL: 'mutual', ISTIO_MUTUAL: 'istio' } as const;

/**
 * A DestinationRule's word; without one, mTLS wherever the other end takes it (istio:
 * pilot/pkg/networking/core/cluster_tls.go:buildUpstreamTLSSettings, xds/endpoints/mtls_checker.go).
 */
export function speechTo(
  objects: readonly Manifest[],
  settings: MeshSettings,
  client: OraclePod,
  { service, port }: { readonly service: Service; readonly port: ServicePort },
  endpoint: Endpoint,
): Speech {
  const rule = ruleFor(objects, settings, client, { host: hostOf(service), namespace: namespaceOf(service) });
  const byRule = rule === undefined ? [] : [rule.by];
  const isHttpAware = classOf(port) !== 'tcp';
  const asked = tlsOf(rule?.policy, port.port);
  return asked === undefined
    ? { ...inferred(), isDictated: false, isHttpAware }
    : { tls: SPOKEN[asked], by: byRule, isDictated: true, isHttpAware };

  function inferred(): Pick<Speech, 'tls' | 'by'> {
    const ofNamespace = modeOfNamespace(objects, settings, namespaceOf(service));
    const by = [...byRule, ...(ofNamespace.by === null ? [] : [ofNamespace.by])];
    if (!settings.isAutoMtls || ofNamespace.mode === 'DISABLE') return { tls: 'none', by };
    if (isHeadless(service)) {
      const all = endpointsOf(objects, service, port);
      return { tls: all.every(({ pod }) => pod.takesMtls) ? 'istio' : 'none', by };
    }
    const ofEndpoint = modeOfPort(objects, settings, endpoint.pod, endpoint.port);
    const nearby = [...by, ...(ofEndpoint.by === null ? [] : [ofEndpoint.by])];
    const overall = endpointTlsOf(rule?.policy, port.port);
    const isWanted = overall === undefined ? ofEndpoint.mode !== 'DISABLE' : overall === 'ISTIO_MUTUAL';
    return { tls: isWanted && endpoint.pod.takesMtls ? 'istio' : 'none', by: nearby };
  }
}
