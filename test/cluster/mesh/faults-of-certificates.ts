/** Faults of what a sidecar shows as its certificate. */
import { certificateAnnotations, certificateSecret, foreignAuthority, today, yesterday } from './certificates.ts';
import type { Authority, Leaf } from './certificates.ts';
import { frontOf, witness } from './fault.ts';
import type { Fault } from './fault.ts';
import { MIXED } from './healthy.ts';
import { workloadOf } from './objects.ts';
import type { KubernetesObject } from './objects.ts';

const CLERK = `spiffe://cluster.local/ns/${MIXED}/sa/clerk`;

export const FAULTS_OF_CERTIFICATES: readonly Fault[] = [
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
];

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
