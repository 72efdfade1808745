/** Which service an HTTP request names, as the outbound routes of a sidecar see it. */
import type { UpstreamService } from '../data-plane.ts';

/**
 * Hosts are the short name within the client's namespace, `name.namespace`, with `.svc`, the full name, and the virtual
 * address, each with or without the port (istio: pilot/pkg/networking/core/httproute.go:generateVirtualHostDomains).
 */
export function serviceNamed(
  services: readonly UpstreamService[],
  authority: string,
  port: number,
  clientNamespace: string,
): UpstreamService | undefined {
  const host = authority.toLowerCase().replace(new RegExp(`:${String(port)}$`), '');
  return services.find((service) => {
    if (service.port !== port || service.protocol !== 'http') return false;
    const [namespace = '', name = ''] = service.name.split('/');
    const qualified = `${name}.${namespace}`;
    return (
      host === service.fqdn ||
      host === `${qualified}.svc` ||
      host === qualified ||
      (host === name && namespace === clientNamespace) ||
      host === service.virtualAddress.host
    );
  });
}

/** Hosts of a gateway's routes: exact before `*.suffix`, the longest first, before `*`; the port is not looked at. */
export function routeFor<Route extends { readonly host: string }>(
  routes: readonly Route[],
  authority: string,
): Route | undefined {
  const host = authority.toLowerCase().replace(/:\d+$/, '');
  const wild = routes
    .filter(
      (route) => route.host.startsWith('*') && host.length >= route.host.length && host.endsWith(route.host.slice(1)),
    )
    .sort((a, b) => b.host.length - a.host.length);
  return routes.find((route) => route.host.toLowerCase() === host) ?? wild[0];
}
