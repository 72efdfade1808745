/** A Deployment that is rolled out pod by pod behind STRICT, and what goes wrong with it. */
import { HTTP } from './fault.ts';
import { PREFIX } from './lane.ts';
import { accountOf, destinationRule, namespaceOf, peerAuthentication, serviceOf, workloadOf } from './objects.ts';
import type { KubernetesObject } from './objects.ts';

export const SHOP = `${PREFIX}shop`;

/** Two pods; a new one is there and ready before an old one goes. Nobody holds it up, whoever may have done so. */
export function shop(image: string): readonly KubernetesObject[] {
  const readinessProbe = { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1 };
  const workload = { name: 'pay', namespace: SHOP, account: 'pay', isMeshed: true, ports: [HTTP], readinessProbe };
  const deployment = workloadOf(workload, image);
  const rollingUpdate = { maxSurge: 1, maxUnavailable: 0 };
  const strategy = { type: 'RollingUpdate', rollingUpdate };
  return [
    namespaceOf(SHOP, true),
    accountOf(SHOP, 'pay'),
    peerAuthentication(SHOP, 'default', { mtls: { mode: 'STRICT' } }),
    { ...deployment, spec: { ...(deployment['spec'] as object), replicas: 2, strategy, paused: false } },
    serviceOf({ name: 'pay', namespace: SHOP, app: 'pay', ports: [{ name: 'http', port: 80, targetPort: 8080 }] }),
  ];
}

/** Whoever calls does so in plaintext, and STRICT takes none. */
export const REGRESSION = destinationRule(SHOP, 'pay', `pay.${SHOP}.svc.cluster.local`, 'DISABLE');
