/** A small mesh in which everything is as its objects want it: nothing to find, much to measure. */
import { PREFIX } from './lane.ts';
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
import type { KubernetesObject } from './objects.ts';

/** STRICT, injected. */
export const STRICT = `${PREFIX}strict`;
/** Injected, no PeerAuthentication: PERMISSIVE. */
export const MIXED = `${PREFIX}mixed`;
/** Without sidecars. */
export const PLAIN = `${PREFIX}plain`;

/**
 * Injected; a NetworkPolicy lets in the namespace without sidecars, and nobody else. It is there for one test only: where
 * there are such policies, every probe waits until they are in force on its pod.
 */
export const WALLED = `${PREFIX}walled`;

export const MESH_NAMESPACES = [STRICT, MIXED, PLAIN] as const;

const HTTP = { name: 'http', containerPort: 8080, answers: 'http' } as const;
const READY = { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1 } as const;

/** Denials that the mesh has by intention, each with the code that explains it. */
export const DENIALS = [
  { from: `${PLAIN}/batch naked`, to: `${STRICT}/front:80`, code: 'MP1001' },
  { from: `${STRICT}/vault sidecar`, to: `${STRICT}/vault:80`, code: 'MP1201' },
  { from: `${MIXED}/clerk sidecar`, to: `${WALLED}/walled:80`, code: 'MP1307' },
] as const;

/** `image` runs meshproof. */
export function healthyMesh(image: string): readonly KubernetesObject[] {
  return [
    ...MESH_NAMESPACES.map((name) => namespaceOf(name, name !== PLAIN)),
    accountOf(STRICT, 'front'),
    accountOf(STRICT, 'vault'),
    accountOf(MIXED, 'clerk'),
    accountOf(PLAIN, 'batch'),
    ...strict(image),
    ...mixed(image),
    ...plain(image),
  ];
}

function strict(image: string): readonly KubernetesObject[] {
  return [
    peerAuthentication(STRICT, 'default', { mtls: { mode: 'STRICT' } }),
    // Every protocol, and a port that no Service declares.
    workloadOf(
      {
        name: 'front',
        namespace: STRICT,
        account: 'front',
        isMeshed: true,
        ports: [
          HTTP,
          { name: 'grpc', containerPort: 7070, answers: 'grpc' },
          { name: 'tcp', containerPort: 9090, answers: 'tcp' },
          { name: 'admin', containerPort: 8099, answers: 'http' },
        ],
        readinessProbe: READY,
        livenessProbe: { tcpSocket: { port: 9090 }, periodSeconds: 5 },
      },
      image,
    ),
    serviceOf({
      name: 'front',
      namespace: STRICT,
      app: 'front',
      ports: [
        { name: 'http', port: 80, targetPort: 8080 },
        { name: 'grpc', port: 7070, targetPort: 7070 },
        { name: 'tcp', port: 9090, targetPort: 9090 },
      ],
    }),
    serviceOf({
      name: 'front-pods',
      namespace: STRICT,
      app: 'front',
      isHeadless: true,
      ports: [{ name: 'http', port: 8080, targetPort: 8080 }],
    }),
    // Who may call is said in identities, where identities are proved.
    workloadOf(
      { name: 'vault', namespace: STRICT, account: 'vault', isMeshed: true, ports: [HTTP], readinessProbe: READY },
      image,
    ),
    serviceOf({
      name: 'vault',
      namespace: STRICT,
      app: 'vault',
      ports: [{ name: 'http', port: 80, targetPort: 8080 }],
    }),
    authorizationPolicy(STRICT, 'vault-callers', {
      selector: { matchLabels: { app: 'vault' } },
      action: 'ALLOW',
      rules: [
        { from: [{ source: { principals: [`cluster.local/ns/${STRICT}/sa/front`] } }] },
        { from: [{ source: { namespaces: [MIXED] } }], to: [{ operation: { methods: ['GET'], paths: ['/open*'] } }] },
      ],
    }),
    // One port for those who have no sidecar yet.
    workloadOf(
      {
        name: 'ledger',
        namespace: STRICT,
        account: 'front',
        isMeshed: true,
        ports: [HTTP, { name: 'http-old', containerPort: 8081, answers: 'http' }],
        readinessProbe: READY,
      },
      image,
    ),
    serviceOf({
      name: 'ledger',
      namespace: STRICT,
      app: 'ledger',
      ports: [
        { name: 'http', port: 80, targetPort: 8080 },
        { name: 'http-old', port: 81, targetPort: 8081 },
      ],
    }),
    peerAuthentication(STRICT, 'ledger', {
      selector: { matchLabels: { app: 'ledger' } },
      mtls: { mode: 'STRICT' },
      portLevelMtls: { 8081: { mode: 'DISABLE' } },
    }),
  ];
}

function mixed(image: string): readonly KubernetesObject[] {
  return [
    workloadOf(
      { name: 'clerk', namespace: MIXED, account: 'clerk', isMeshed: true, ports: [HTTP], readinessProbe: READY },
      image,
    ),
    serviceOf({ name: 'clerk', namespace: MIXED, app: 'clerk', ports: [{ name: 'http', port: 80, targetPort: 8080 }] }),
    authorizationPolicy(MIXED, 'clerk-admin', {
      selector: { matchLabels: { app: 'clerk' } },
      action: 'DENY',
      rules: [{ to: [{ operation: { ports: ['8080'], paths: ['/admin*'] } }] }],
    }),
    // Both say what automatic mutual TLS would do anyway.
    destinationRule(MIXED, 'reports', `reports.${PLAIN}.svc.cluster.local`, 'DISABLE'),
    destinationRule(MIXED, 'front', `front.${STRICT}.svc.cluster.local`, 'ISTIO_MUTUAL'),
  ];
}

function plain(image: string): readonly KubernetesObject[] {
  return [
    workloadOf(
      { name: 'batch', namespace: PLAIN, account: 'batch', isMeshed: false, ports: [HTTP], readinessProbe: READY },
      image,
    ),
    serviceOf({
      name: 'reports',
      namespace: PLAIN,
      app: 'batch',
      ports: [{ name: 'http', port: 80, targetPort: 8080 }],
    }),
  ];
}

/** Beside the healthy mesh. */
export function walled(image: string): readonly KubernetesObject[] {
  return [
    namespaceOf(WALLED, true),
    accountOf(WALLED, 'walled'),
    workloadOf(
      { name: 'walled', namespace: WALLED, account: 'walled', isMeshed: true, ports: [HTTP], readinessProbe: READY },
      image,
    ),
    serviceOf({
      name: 'walled',
      namespace: WALLED,
      app: 'walled',
      ports: [{ name: 'http', port: 80, targetPort: 8080 }],
    }),
    {
      ...istio('networking.k8s.io/v1', 'NetworkPolicy', WALLED, 'walled'),
      spec: {
        podSelector: { matchLabels: { app: 'walled' } },
        policyTypes: ['Ingress'],
        ingress: [{ from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': PLAIN } } }] }],
      },
    },
  ];
}
