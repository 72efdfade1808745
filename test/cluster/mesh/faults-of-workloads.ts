/** Faults of pods: of their sidecars, their captured ports, their health checks. */
import { frontOf, HTTP, witness } from './fault.ts';
import type { Fault } from './fault.ts';
import { MIXED, PLAIN, STRICT } from './healthy.ts';
import { destinationRule, workloadOf } from './objects.ts';

export const FAULTS_OF_WORKLOADS: readonly Fault[] = [
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
];
