/** Hosts of ServiceEntries, as services with the endpoints that are written there or selected from the mesh. */
import type { Pod, Service, ServiceEndpoint, ServicePort } from './model.ts';
import type { MeshConfig } from './mesh-config.ts';
import type { K8sObject } from './objects.ts';
import { compareText, createdAtMs } from './order.ts';
import { isTlsProtocol, portProtocol, protocolClass } from './protocol.ts';
import { fields, integer, isFields, list, text, textMap, texts } from './reading.ts';
import type { Fields } from './reading.ts';
import { isSubset, workloadSelector } from './selector.ts';

export interface ServiceEntrySources {
  readonly config: MeshConfig;
  readonly serviceEntries: readonly K8sObject[];
  readonly workloadEntries: readonly K8sObject[];
  readonly pods: readonly Pod[];
}

/** One service a host; sorted by key, which is `namespace/host`. istio: pilot/pkg/serviceregistry/serviceentry/conversion.go */
export function readServiceEntries(sources: ServiceEntrySources): readonly Service[] {
  return sources.serviceEntries
    .flatMap((object) => texts(fields(object, 'spec')['hosts']).map((host) => toService(object, host, sources)))
    .sort((a, b) => compareText(a.key, b.key));
}

function toService(object: K8sObject, host: string, sources: ServiceEntrySources): Service {
  const spec = fields(object, 'spec');
  const { namespace } = object.metadata;
  const resolution = text(spec['resolution']) ?? 'NONE';
  const exportTo = texts(spec['exportTo']);
  const isExternal = spec['location'] !== 'MESH_INTERNAL';
  return {
    key: `${namespace}/${host}`,
    namespace,
    name: host,
    fqdn: host,
    kind: 'ServiceEntry',
    isHeadless: resolution === 'NONE',
    isExternal,
    isUnresolved: resolution !== 'STATIC',
    exportTo: exportTo.length === 0 ? sources.config.defaultServiceExportTo : exportTo,
    createdAtMs: createdAtMs(object),
    labels: object.metadata.labels,
    clusterIps: texts(spec['addresses']),
    ports: list(spec['ports']).flatMap((value) => toPort(fields(value), host, object, sources)),
  };
}

function toPort(given: Fields, host: string, object: K8sObject, sources: ServiceEntrySources): readonly ServicePort[] {
  const port = integer(given['number']);
  if (port === undefined) return [];
  const name = text(given['name']) ?? '';
  const protocol = portProtocol(port, text(given['protocol']) ?? '', 'TCP', undefined);
  const endpoints = endpointsOf(object, name, integer(given['targetPort']) ?? port, sources);
  const unresolved: ServiceEndpoint = { pod: null, address: host, port };
  return [
    {
      port,
      ...(name === '' ? {} : { name }),
      protocol: protocolClass(protocol),
      isTls: isTlsProtocol(protocol),
      endpoints: endpoints.length === 0 && fields(object, 'spec')['resolution'] !== 'STATIC' ? [unresolved] : endpoints,
    },
  ];
}

function endpointsOf(
  object: K8sObject,
  portName: string,
  port: number,
  { pods, workloadEntries }: ServiceEntrySources,
): readonly ServiceEndpoint[] {
  const spec = fields(object, 'spec');
  const { namespace } = object.metadata;
  const written = list(spec['endpoints']).flatMap((entry) => workloadEndpoint(fields(entry), portName, port));
  const selector = isFields(spec['workloadSelector']) ? workloadSelector(spec, 'workloadSelector') : null;
  if (selector === null) return written;
  const entries = workloadEntries
    .filter(({ metadata, ...entry }) => {
      const labels = { ...metadata.labels, ...textMap(fields(entry['spec'])['labels']) };
      return metadata.namespace === namespace && isSubset(selector, labels);
    })
    .flatMap((entry) => workloadEndpoint(fields(entry, 'spec'), portName, port));
  const selected = pods
    .filter((pod) => pod.namespace === namespace && isSubset(selector, pod.labels))
    .map((pod) => ({ pod: pod.key, address: pod.addresses[0] ?? '', port }));
  return [...written, ...entries, ...selected];
}

/** Without the label, a service account is what says that it belongs to the mesh. */
function workloadEndpoint(entry: Fields, portName: string, port: number): readonly ServiceEndpoint[] {
  const address = text(entry['address']);
  if (address === undefined) return [];
  const label = textMap(entry['labels'])['security.istio.io/tlsMode'];
  const tlsMode = label ?? (text(entry['serviceAccount']) === undefined ? 'disabled' : 'istio');
  return [{ pod: null, address, port: integer(fields(entry, 'ports')[portName]) ?? port, tlsMode }];
}
