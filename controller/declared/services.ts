/**
 * Services with their ports and endpoints: as the endpoint objects say, or, without those, as selectors come out.
 * istio: pilot/pkg/serviceregistry/kube/conversion.go:ConvertService, controller/endpointslice.go:updateEndpointCacheForSlice
 */
import type { MeshConfig } from './mesh-config.ts';
import type { Pod, Service, ServiceEndpoint, ServicePort } from './model.ts';
import type { K8sObject } from './objects.ts';
import { compareText, createdAtMs, groupBy } from './order.ts';
import { isTlsProtocol, portProtocol, protocolClass } from './protocol.ts';
import { fields, integer, isFields, list, text, textMap, texts } from './reading.ts';
import type { Fields } from './reading.ts';
import { isSubset } from './selector.ts';
import type { Labels } from './selector.ts';

export interface ServiceSources {
  readonly config: MeshConfig;
  readonly services: readonly K8sObject[];
  readonly endpointSlices: readonly K8sObject[];
  readonly endpoints: readonly K8sObject[];
  readonly pods: readonly Pod[];
  readonly podsByAddress: ReadonlyMap<string, Pod>;
}

const SERVICE_NAME = 'kubernetes.io/service-name';

/** Sorted by key. */
export function readServices(sources: ServiceSources): readonly Service[] {
  const podsByNamespace = groupBy(sources.pods, (pod) => pod.namespace);
  const slices = groupBy(
    sources.endpointSlices,
    ({ metadata }) => `${metadata.namespace}/${metadata.labels[SERVICE_NAME] ?? ''}`,
  );
  const plain = new Map(sources.endpoints.map((object) => [keyOf(object), object]));
  const podsByKey = new Map(sources.pods.map((pod) => [pod.key, pod]));
  const toPod = (namespace: string, target: Fields, address: string): Pod | undefined =>
    (target['kind'] === 'Pod' ? podsByKey.get(`${namespace}/${text(target['name']) ?? ''}`) : undefined) ??
    sources.podsByAddress.get(address);

  return sources.services
    .map((object) => {
      const key = keyOf(object);
      const { namespace } = object.metadata;
      const given = slices.get(key);
      const written = plain.get(key);
      const addressesOf: AddressSource =
        given !== undefined
          ? sliceAddresses(given, (target, address) => toPod(namespace, target, address))
          : written !== undefined
            ? plainAddresses(written, (target, address) => toPod(namespace, target, address))
            : selectedAddresses(fields(object, 'spec'), podsByNamespace.get(namespace) ?? []);
      return toService(object, addressesOf, sources.config);
    })
    .sort((a, b) => compareText(a.key, b.key));
}

type AddressSource = (port: Fields) => readonly ServiceEndpoint[];
type PodFinder = (target: Fields, address: string) => Pod | undefined;

function keyOf({ metadata }: K8sObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function toService(object: K8sObject, addressesOf: AddressSource, config: MeshConfig): Service {
  const spec = fields(object, 'spec');
  const { namespace, name, annotations } = object.metadata;
  const clusterIps = [...new Set([...texts([spec['clusterIP']]), ...texts(spec['clusterIPs'])])];
  const externalName = spec['type'] === 'ExternalName' ? text(spec['externalName']) : undefined;
  const selector = selectorOf(spec);
  return {
    key: keyOf(object),
    namespace,
    name,
    fqdn: `${name}.${namespace}.svc.${config.clusterDomain}`,
    kind: 'Service',
    isHeadless: clusterIps.includes('None'),
    ...(externalName === undefined ? {} : { externalName }),
    isExternal: externalName !== undefined,
    isUnresolved: externalName !== undefined,
    exportTo: exported(annotations['networking.istio.io/exportTo'], config.defaultServiceExportTo),
    createdAtMs: createdAtMs(object),
    labels: object.metadata.labels,
    clusterIps: clusterIps.filter((ip) => ip !== 'None' && ip !== ''),
    ...(selector === undefined ? {} : { selector }),
    ports: list(spec['ports']).flatMap((value) => toPort(fields(value), addressesOf)),
  };
}

/** One without labels takes nobody. */
function selectorOf(spec: Fields): Labels | undefined {
  const wanted: Labels = isFields(spec['selector']) ? textMap(spec['selector']) : {};
  return Object.keys(wanted).length === 0 ? undefined : wanted;
}

function exported(annotation: string | undefined, byDefault: readonly string[]): readonly string[] {
  const names = (annotation ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return names.length === 0 ? byDefault : names;
}

function toPort(given: Fields, addressesOf: AddressSource): readonly ServicePort[] {
  const port = integer(given['port']);
  const transport = text(given['protocol']) ?? 'TCP';
  if (port === undefined || transport !== 'TCP') return [];
  const name = text(given['name']);
  const protocol = portProtocol(port, name ?? '', transport, text(given['appProtocol']));
  return [
    {
      port,
      ...(name === undefined || name === '' ? {} : { name }),
      protocol: protocolClass(protocol),
      isTls: isTlsProtocol(protocol),
      endpoints: [...addressesOf(given)].sort(
        (a, b) => compareText(a.pod ?? '', b.pod ?? '') || compareText(a.address, b.address) || a.port - b.port,
      ),
    },
  ];
}

function sliceAddresses(slices: readonly K8sObject[], toPod: PodFinder): AddressSource {
  return (port) => {
    const found = new Map<string, ServiceEndpoint>();
    for (const slice of slices) {
      const number = slicePort(list(slice['ports']), port);
      if (number === undefined) continue;
      for (const value of list(slice['endpoints'])) {
        const endpoint = fields(value);
        if (fields(endpoint, 'conditions')['ready'] === false) continue;
        for (const address of texts(endpoint['addresses'])) {
          const pod = toPod(fields(endpoint, 'targetRef'), address);
          found.set(`${pod?.key ?? address}:${String(number)}`, { pod: pod?.key ?? null, address, port: number });
        }
      }
    }
    return [...found.values()];
  };
}

/** Endpoint ports carry the name of the service port; a single port may have none. */
function slicePort(ports: readonly unknown[], port: Fields): number | undefined {
  const name = text(port['name']) ?? '';
  const found = ports.find((candidate) => (text(fields(candidate)['name']) ?? '') === name);
  return integer(fields(found)['port']);
}

function plainAddresses(object: K8sObject, toPod: PodFinder): AddressSource {
  return (port) =>
    list(object['subsets']).flatMap((value) => {
      const number = slicePort(list(fields(value)['ports']), port);
      if (number === undefined) return [];
      return list(fields(value)['addresses']).flatMap((entry) => {
        const address = text(fields(entry)['ip']);
        if (address === undefined) return [];
        const pod = toPod(fields(entry, 'targetRef'), address);
        return [{ pod: pod?.key ?? null, address, port: number }];
      });
    });
}

/** A named targetPort is looked up in each pod by itself; pods without that name are no endpoints. */
function selectedAddresses(spec: Fields, pods: readonly Pod[]): AddressSource {
  const wanted = selectorOf(spec);
  if (wanted === undefined) return () => [];
  const selected = pods.filter((pod) => isSubset(wanted, pod.labels));
  return (port) =>
    selected.flatMap((pod) => {
      const number = targetPort(port, pod);
      return number === undefined ? [] : [{ pod: pod.key, address: pod.addresses[0] ?? '', port: number }];
    });
}

function targetPort(port: Fields, pod: Pod): number | undefined {
  const target = port['targetPort'];
  if (target === undefined) return integer(port['port']);
  const number = integer(target) ?? (/^[0-9]+$/.test(text(target) ?? '') ? Number(target) : undefined);
  return number ?? pod.ports.find(({ name, protocol }) => name === target && protocol === 'TCP')?.port;
}
