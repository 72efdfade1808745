/** Causes MP13: network, routing and protocols. */
import type { CauseEntry } from './cause-catalogue.ts';

export const NETWORK_CAUSES = {
  MP1301: {
    name: 'no-route',
    wrong: 'No route of the proxy fits the host.',
    fix: 'Correct the host in the VirtualService or Gateway, and the Sidecar scope of the caller.',
    uses: ['drift', 'denial'],
  },
  MP1302: {
    name: 'host-not-visible',
    wrong:
      "The caller's proxy does not know the host (Sidecar egress, exportTo), and either refuses it or lets it out as plaintext.",
    fix: "Add the host to the Sidecar's egress, or export the service.",
    uses: ['drift', 'conflict', 'denial'],
  },
  MP1303: {
    name: 'subset-without-endpoints',
    wrong: 'There is no healthy endpoint behind the service or subset.',
    fix: 'Correct the labels of the subset or selector, and look why its pods are not ready.',
    uses: ['drift', 'conflict', 'denial'],
  },
  MP1304: {
    name: 'application-not-listening',
    wrong: 'Nothing listens on the port at the pod.',
    fix: 'Let the application listen on all addresses, at the port that the Service names as targetPort.',
    uses: ['drift', 'denial'],
  },
  MP1305: {
    name: 'protocol-misdeclared',
    wrong: 'The declared protocol of the port is not the one that is spoken on it.',
    fix: 'Name the port after its protocol (http-…, grpc-…, tcp-…), or set appProtocol.',
    uses: ['drift', 'denial'],
  },
  MP1306: {
    name: 'server-first-protocol',
    wrong: "The proxy waits for the client's first bytes, and the client waits for the server's.",
    fix: 'Declare the port as tcp and make it STRICT, or set DISABLE for it.',
    uses: ['drift', 'denial'],
  },
  MP1307: {
    name: 'network-policy-blocks',
    wrong: 'The connection is dropped below the mesh: by a NetworkPolicy, or on the way.',
    fix: 'Allow the port in the NetworkPolicies that select either end; for ambient workloads 15008 as well.',
    uses: ['drift', 'denial'],
  },
  MP1308: {
    name: 'network-policy-not-enforced',
    wrong: 'A NetworkPolicy denies the connection, and it is made all the same.',
    fix: "Look whether the cluster's network enforces NetworkPolicy at all, and which address it sees.",
    uses: ['drift'],
  },
} as const satisfies Record<string, CauseEntry>;
