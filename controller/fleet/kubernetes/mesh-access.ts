/** What a probe has to know of the mesh's control plane. Pure. */
import type { Mesh } from '../../declared/mesh.ts';
import type { Snapshot } from '../../declared/objects.ts';
import { fields, text } from '../../declared/reading.ts';
import type { Vantage } from '../../../proto/vocabulary.ts';
import type { MeshAccess } from './probe-job.ts';

/** istiod's certificate service over TLS; istio: manifests/charts/istio-control/istio-discovery/templates/service.yaml */
const CA_PORT = 15_012;

/**
 * Only naked vantages present certificates of their own: the others speak through a proxy that has its own. A revision has
 * a Service of its own beside (or instead of) the common one.
 */
export function meshAccessIn(mesh: Mesh, { dataPlane }: Vantage): MeshAccess {
  const { trustDomain, rootNamespace } = mesh;
  if (dataPlane !== 'naked') return { trustDomain, ca: undefined };
  const service = [`istiod-${mesh.config.revision}`, 'istiod']
    .map((name) => mesh.servicesByKey.get(`${rootNamespace}/${name}`))
    .find((candidate) => candidate?.ports.some(({ port }) => port === CA_PORT) === true);
  const host = service?.clusterIps[0];
  if (service === undefined || host === undefined) return { trustDomain, ca: undefined };
  return {
    trustDomain,
    ca: { address: { host, port: CA_PORT }, serverName: `${service.name}.${service.namespace}.svc` },
  };
}

/** istio: manifests/charts/istio-control/istio-discovery/files/injection-template.yaml, `excludeIPRanges` */
export function excludedRangesIn({ objects }: Snapshot): readonly string[] {
  const injector = objects.find(
    ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('istio-sidecar-injector'),
  );
  const ranges = text(fields(injector, 'decoded', 'values', 'global', 'proxy')['excludeIPRanges']) ?? '';
  return ranges
    .split(',')
    .map((range) => range.trim())
    .filter((range) => range !== '');
}
