/** A cluster on paper, as an API server gives it: as wordy, and with what nobody needs. */
import type { GivenObject } from '../../support/api-server/fake-api-server.ts';
import { ISTIOD, MESH, object } from '../../support/api-server/views.ts';

export interface ClusterSize {
  readonly namespaces: number;
  readonly services: number;
  readonly pods: number;
}

/** What servers keep of who set which field: half of what they send. */
const MANAGED_FIELDS = [
  {
    manager: 'kube-controller-manager',
    operation: 'Update',
    apiVersion: 'v1',
    time: '2026-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: Object.fromEntries(
      Array.from({ length: 60 }, (_, at) => [
        `f:field-${String(at)}`,
        { '.': {}, [`k:{"name":"n-${String(at)}"}`]: {} },
      ]),
    ),
  },
];

/** Services, accounts and namespaces are shared out evenly; every other namespace is injected. */
export function clusterOf({ namespaces, services, pods }: ClusterSize): readonly GivenObject[] {
  const teams = Array.from({ length: namespaces }, (_, at) => `team-${String(at)}`);
  const teamOf = (service: number): string => teams[service % teams.length] ?? '';
  return [
    ISTIOD,
    MESH,
    object('Namespace', 'istio-system'),
    object('Namespace', 'meshproof'),
    ...teams.map((team, at) =>
      object('Namespace', team, { labels: { 'istio-injection': at % 2 === 0 ? 'enabled' : 'disabled' } }),
    ),
    ...teams.map((team) =>
      object('PeerAuthentication', 'default', { namespace: team, spec: { mtls: { mode: 'STRICT' } } }),
    ),
    ...Array.from({ length: services }, (_, at) => serviceParts(teamOf(at), at)).flat(),
    ...Array.from({ length: pods }, (_, at) => podOf(teamOf(at % services), at % services, at)),
  ];
}

function serviceParts(namespace: string, at: number): readonly GivenObject[] {
  const name = `app-${String(at)}`;
  const ports = [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }];
  return [
    object('ServiceAccount', name, { namespace }),
    object('Service', name, {
      namespace,
      spec: { selector: { app: name }, ports, clusterIP: `10.96.${String(at >> 8)}.${String(at & 255)}` },
    }),
  ];
}

function podOf(namespace: string, service: number, at: number): GivenObject {
  const app = `app-${String(service)}`;
  const isMeshed = (service % 20) % 2 === 0;
  const ip = `10.244.${String(at >> 8)}.${String(at & 255)}`;
  const env = Array.from({ length: 20 }, (_, index) => ({ name: `SETTING_${String(index)}`, value: 'x'.repeat(40) }));
  const pod = object('Pod', `${app}-${String(at)}`, {
    namespace,
    labels: { app },
    spec: {
      serviceAccountName: app,
      nodeName: `node-${String(at % 10)}`,
      containers: [{ name: 'app', image: 'app:1', env, ports: [{ containerPort: 8080 }] }],
      ...(isMeshed && { initContainers: [{ name: 'istio-proxy', restartPolicy: 'Always', image: 'proxy:1', env }] }),
    },
    status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions: [{ type: 'Ready', status: 'True' }] },
  });
  return { ...pod, metadata: { ...pod.metadata, managedFields: MANAGED_FIELDS } };
}
