/** The classic troubles, each planted alone into the healthy mesh with real objects, and the one thing that is to be found. */
import { certificateAnnotations, certificateSecret, foreignAuthority, today, yesterday } from './certificates.ts';
import type { Authority, Leaf } from './certificates.ts';
import { MIXED, PLAIN, STRICT, WALLED } from './healthy.ts';
import {
  accountOf,
  authorizationPolicy,
  destinationRule,
  istio,
  namespaceOf,
  peerAuthentication,
  serviceOf,
  workloadOf,
} from './objects.ts';
import type { KubernetesObject, WorkloadSpec } from './objects.ts';

/** The namespace of the gateway; there only while its fault is planted. */
export const EDGE = 'mp-edge';

export interface Soil {
  /** Runs meshproof. */
  readonly image: string;
  /** The mesh's own CA. */
  readonly authority: Authority;
}

export interface Fault {
  /** A sentence: what is wrong. */
  readonly name: string;
  /** In steps: a later one is younger by a second at least. */
  readonly plant: (soil: Soil) => readonly (readonly KubernetesObject[])[];
  /** That are swept; whatever can meet the fault. */
  readonly namespaces: readonly string[];
  /** All findings of the sweep: `conflict SEVERITY CODE` or `DRIFT CODE`, each once. */
  readonly found: readonly string[];
  /** Names of the targets (`namespace/name:port`) that the findings are about. */
  readonly targets: readonly string[];
}

export const FAULTS: readonly Fault[] = [
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
    name: 'the certificate of a sidecar has expired',
    plant: ({ image, authority }) => [
      certified('card', image, authority, { spiffeId: CLERK, ...yesterday() }, authority),
    ],
    namespaces: [MIXED],
    found: ['blocked MP1102'],
    targets: ['card'],
  },
  {
    name: 'the certificate of a sidecar comes from a CA that nobody knows',
    plant: ({ image, authority }) => [
      certified('gift', image, foreignAuthority(), { spiffeId: CLERK, ...today() }, authority),
    ],
    namespaces: [MIXED],
    found: ['blocked MP1103'],
    targets: ['gift'],
  },
  {
    name: 'the certificate of a sidecar was made for another service account',
    plant: ({ image, authority }) => [
      certified('points', image, authority, { spiffeId: `${CLERK}-beta`, ...today() }, authority),
    ],
    namespaces: [MIXED],
    found: ['blocked MP1104'],
    targets: ['points'],
  },
  {
    name: 'one of two pods has no sidecar, and a DestinationRule makes every caller speak mutual TLS',
    plant: ({ image }) => [
      [
        workloadOf({ ...witness('coupons-1'), app: 'coupons' }, image),
        workloadOf({ ...witness('coupons-2'), app: 'coupons', isMeshed: false }, image),
        frontOf('coupons'),
        destinationRule(MIXED, 'coupons-mtls', `coupons.${MIXED}.svc.cluster.local`, 'ISTIO_MUTUAL'),
      ],
    ],
    namespaces: [MIXED],
    found: ['conflict error MP1009'],
    targets: [`${MIXED}/coupons:80`],
  },
  {
    name: 'an HTTP health check is not rewritten, and its port is STRICT',
    plant: ({ image }) => [
      [
        workloadOf(
          {
            ...witness('search', STRICT, 'front'),
            annotations: { 'sidecar.istio.io/rewriteAppHTTPProbers': 'false' },
            // The kubelet shall not restart it while it is looked at.
            livenessProbe: { httpGet: { path: '/live', port: 'http' }, periodSeconds: 60, failureThreshold: 100 },
          },
          image,
        ),
        frontOf('search', STRICT),
      ],
    ],
    namespaces: [STRICT, PLAIN],
    found: ['conflict error MP1401'],
    targets: ['search'],
  },
  {
    name: 'a TCP health check is not rewritten, and passes although the application is dead',
    plant: ({ image }) => [
      [
        workloadOf(
          {
            ...witness('mail', STRICT, 'front'),
            // It lives, and not where the check looks.
            ports: [{ name: 'other', containerPort: 9001, answers: 'http', isDeclared: false }],
            annotations: { 'sidecar.istio.io/rewriteAppHTTPProbers': 'false' },
            readinessProbe: { tcpSocket: { port: 9000 }, periodSeconds: 5 },
          },
          image,
        ),
      ],
    ],
    namespaces: [STRICT, PLAIN],
    found: ['conflict warning MP1404'],
    targets: ['mail'],
  },
  {
    name: 'a port is excluded from capture while the namespace is STRICT',
    plant: ({ image }) => [
      [
        workloadOf(
          {
            ...witness('cart', STRICT, 'front'),
            ports: [HTTP, { name: 'metrics', containerPort: 9090, answers: 'http', isProxied: false }],
            annotations: { 'traffic.sidecar.istio.io/excludeInboundPorts': '9090' },
          },
          image,
        ),
        frontOf('cart', STRICT),
      ],
    ],
    namespaces: [STRICT, PLAIN],
    found: ['conflict critical MP1010'],
    targets: ['cart'],
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

/** Denials that the healthy mesh has by intention, each with the code that explains it. */
export const DENIALS = [
  { from: `${PLAIN}/batch naked`, to: `${STRICT}/front:80`, code: 'MP1001' },
  { from: `${STRICT}/vault sidecar`, to: `${STRICT}/vault:80`, code: 'MP1201' },
  { from: `${MIXED}/clerk sidecar`, to: `${WALLED}/walled:80`, code: 'MP1307' },
] as const;

const CLERK = `spiffe://cluster.local/ns/${MIXED}/sa/clerk`;
const HTTP = { name: 'http', containerPort: 8080, answers: 'http' } as const;

function witness(name: string, namespace: string = MIXED, account = 'clerk'): WorkloadSpec {
  return { name, namespace, account, isMeshed: true, ports: [HTTP] };
}

function frontOf(app: string, namespace: string = MIXED): KubernetesObject {
  return serviceOf({ name: app, namespace, app, ports: [{ name: 'http', port: 80, targetPort: 8080 }] });
}

function certified(
  name: string,
  image: string,
  signer: Authority,
  leaf: Leaf,
  trusted: Authority,
): readonly KubernetesObject[] {
  return [
    certificateSecret(MIXED, name, signer, leaf, trusted.certificatePem),
    workloadOf({ ...witness(name), annotations: certificateAnnotations(name) }, image),
    frontOf(name),
  ];
}

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
