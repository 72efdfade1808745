/** Takes the endpoints of a service in turn, as one proxy sees them. */
import type { UpstreamEndpoint, UpstreamService } from '../data-plane.ts';

/** Undefined: the service has no endpoints. */
export type NextEndpoint = (service: UpstreamService) => UpstreamEndpoint | undefined;

/** Every proxy counts by itself. */
export function roundRobin(): NextEndpoint {
  const taken = new Map<UpstreamService, number>();
  return (service) => {
    const count = taken.get(service) ?? 0;
    taken.set(service, count + 1);
    return service.endpoints[count % service.endpoints.length];
  };
}
