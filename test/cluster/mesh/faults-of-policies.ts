/** Faults of objects that say how the mesh is to be: nothing is wrong with any pod. */
import type { Fault } from './fault.ts';
import { MIXED, PLAIN, STRICT } from './healthy.ts';
import { PREFIX } from './lane.ts';
import {
  accountOf,
  authorizationPolicy,
  destinationRule,
  istio,
  namespaceOf,
  peerAuthentication,
  serviceOf,
} from './objects.ts';
import type { KubernetesObject } from './objects.ts';

/** The namespace of the gateway; there only while its fault is planted. */
const EDGE = `${PREFIX}edge`;

export const FAULTS_OF_POLICIES: readonly Fault[] = [
  {
    name: 'a DestinationRule takes mutual TLS off the way to a STRICT port',
    plant: () => [[destinationRule(MIXED, 'ledger-plaintext', `ledger.${STRICT}.svc.cluster.local`, 'DISABLE')]],
    namespaces: [MIXED, STRICT],
    found: ['conflict error MP1002'],
    targets: [`${STRICT}/ledger:80`],
  },
  {
    name: 'a DestinationRule wants mutual TLS with a server without sidecar',
    plant: () => [[destinationRule(STRICT, 'reports-mtls', `reports.${PLAIN}.svc.cluster.local`, 'ISTIO_MUTUAL')]],
    namespaces: [STRICT, PLAIN],
    found: ['conflict error MP1003'],
    targets: [`${PLAIN}/reports:80`],
  },
  {
    name: 'an older PeerAuthentication wins over the one that says STRICT',
    plant: () => [
      [peerAuthentication(MIXED, 'migration', { mtls: { mode: 'PERMISSIVE' } })],
      [peerAuthentication(MIXED, 'default', { mtls: { mode: 'STRICT' } })],
    ],
    namespaces: [MIXED, PLAIN],
    found: ['conflict critical MP1005'],
    targets: ['clerk'],
  },
  {
    name: 'a rule denies a namespace at a port that takes plaintext',
    plant: () => [
      [
        authorizationPolicy(MIXED, 'deny-plain', {
          selector: { matchLabels: { app: 'clerk' } },
          action: 'DENY',
          rules: [{ from: [{ source: { namespaces: [PLAIN] } }] }],
        }),
      ],
    ],
    namespaces: [MIXED, PLAIN],
    found: ['conflict critical MP1202'],
    targets: [`${MIXED}/clerk:80`],
  },
  {
    name: 'a DestinationRule takes mutual TLS off the hop behind the ingress gateway',
    plant: () => [
      [
        namespaceOf(EDGE, true),
        accountOf(EDGE, 'gateway'),
        gatewayWorkload(),
        serviceOf({
          name: 'gateway',
          namespace: EDGE,
          app: 'gateway',
          ports: [{ name: 'http', port: 8080, targetPort: 8080 }],
        }),
        {
          ...istio('networking.istio.io/v1', 'Gateway', EDGE, 'shop'),
          spec: {
            selector: { app: 'gateway' },
            servers: [{ port: { number: 8080, name: 'http', protocol: 'HTTP' }, hosts: ['shop.example'] }],
          },
        },
        {
          ...istio('networking.istio.io/v1', 'VirtualService', EDGE, 'shop'),
          spec: {
            hosts: ['shop.example'],
            gateways: ['shop'],
            http: [{ route: [{ destination: { host: `front.${STRICT}.svc.cluster.local`, port: { number: 80 } } }] }],
          },
        },
        destinationRule(EDGE, 'front-plaintext', `front.${STRICT}.svc.cluster.local`, 'DISABLE', { exportTo: ['.'] }),
      ],
    ],
    namespaces: [EDGE, STRICT],
    found: ['conflict error MP1015'],
    targets: [`${STRICT}/front:80`],
  },
];

function gatewayWorkload(): KubernetesObject {
  return {
    ...istio('apps/v1', 'Deployment', EDGE, 'gateway'),
    spec: {
      selector: { matchLabels: { app: 'gateway' } },
      template: {
        metadata: {
          labels: { app: 'gateway', 'sidecar.istio.io/inject': 'true' },
          annotations: { 'inject.istio.io/templates': 'gateway' },
        },
        spec: {
          serviceAccountName: 'gateway',
          terminationGracePeriodSeconds: 1,
          containers: [
            { name: 'istio-proxy', image: 'auto', imagePullPolicy: 'IfNotPresent', ports: [{ containerPort: 8080 }] },
          ],
        },
      },
    },
  };
}
