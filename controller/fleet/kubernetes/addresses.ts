/** What a caller in a cluster dials for a target. Pure. */
import type { Mesh } from '../../declared/mesh.ts';
import type { Address, Target } from '../../../proto/vocabulary.ts';
import type { DialTarget } from '../launcher.ts';

/**
 * A Service by its virtual address, as every caller does: its sidecar or kube-proxy chooses, and `pod` is known where
 * there is nothing to choose. A headless one by its endpoints, a pod by its own address. Endpoints are ready ones. Empty:
 * there is nothing to dial.
 */
export function addressesIn(mesh: Mesh, target: Target): readonly DialTarget[] {
  const { namespace, name, port } = target;
  const key = `${namespace}/${name}`;
  if (target.kind === 'pod') {
    return addressOf(mesh.podsByKey.get(key)?.addresses, port).map((address) => ({ address, pod: key }));
  }
  if (target.via !== undefined) {
    const { via } = target;
    const gateway = mesh.servicesByKey.get(`${via.namespace}/${via.name}`);
    return addressOf(gateway?.clusterIps, via.port).map((address) => ({ address }));
  }
  const service = mesh.servicesByKey.get(key);
  const endpoints = service?.ports.find((candidate) => candidate.port === port)?.endpoints ?? [];
  if (service?.isHeadless === true) {
    // Its name gives addresses alone: the caller dials the Service's port, whatever the pod's own number is.
    return endpoints
      .filter((endpoint) => endpoint.port === port && endpoint.address !== '')
      .map(({ address: host, pod }) => ({ address: { host, port }, ...(pod !== null && { pod }) }));
  }
  const [only, ...others] = endpoints;
  const pod = others.length === 0 ? only?.pod : undefined;
  return addressOf(service?.clusterIps, port).map((address) => ({ address, ...(typeof pod === 'string' && { pod }) }));
}

/** Of a dual-stack object the first address is the primary one. */
function addressOf(addresses: readonly string[] | undefined, port: number): readonly Address[] {
  const host = addresses?.[0];
  return host === undefined ? [] : [{ host, port }];
}
