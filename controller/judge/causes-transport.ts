/** Causes MP10: which transport each end speaks. */
import type { CauseEntry } from './cause-catalogue.ts';

export const TRANSPORT_CAUSES = {
  MP1001: {
    name: 'strict-refuses-naked-source',
    wrong:
      'The port takes mutual TLS only (STRICT) and the caller has no sidecar, so that its plaintext is accepted by TCP and reset at the first bytes.',
    fix: 'Give the caller a sidecar, or except the port with portLevelMtls on a workload policy. If the caller is meant to be shut out, this is as it should be.',
    uses: ['drift', 'denial'],
  },
  MP1002: {
    name: 'destination-rule-plaintext-to-strict',
    wrong: 'A DestinationRule makes the client send something else than Istio mutual TLS to a server that is STRICT.',
    fix: "Set the rule's tls mode to ISTIO_MUTUAL, or take the tls block out and leave the choice to auto mTLS.",
    uses: ['drift', 'conflict', 'denial'],
  },
  MP1003: {
    name: 'destination-rule-mtls-to-naked',
    wrong: 'A DestinationRule asks for mutual TLS with a server that has no sidecar and speaks plaintext.',
    fix: 'Give the server a sidecar, or take the tls block out of the rule: auto mTLS sends plaintext where there is no sidecar.',
    uses: ['drift', 'conflict', 'denial'],
  },
  MP1004: {
    name: 'server-disabled-client-mtls',
    wrong: "The server's PeerAuthentication switches mutual TLS off, and clients still speak it.",
    fix: 'Set DISABLE for the whole namespace, which clients notice, or give the clients a DestinationRule with mode DISABLE.',
    uses: ['drift', 'conflict', 'denial'],
  },
  MP1005: {
    name: 'strict-not-in-effect',
    wrong: 'STRICT is declared, and another policy (or none) is in force in its place, so that plaintext is taken.',
    fix: 'Correct or delete the policy that is in force in its place.',
    uses: ['drift', 'conflict'],
  },
  MP1006: {
    name: 'port-level-keyed-by-service-port',
    wrong: 'portLevelMtls names the port of the Service; Istio reads the container port, and the entry has no effect.',
    fix: 'Write the container port (targetPort) as the key.',
    uses: ['conflict'],
  },
  MP1007: {
    name: 'port-level-without-selector',
    wrong: 'portLevelMtls stands in a policy without selector, where Istio ignores it.',
    fix: 'Add a selector for the workload that is meant.',
    uses: ['conflict'],
  },
  MP1008: {
    name: 'not-injected',
    wrong:
      'A workload that counts as part of the mesh runs without a sidecar, so that no policy is enforced in front of it.',
    fix: 'Correct the injection labels (istio-injection, istio.io/rev, sidecar.istio.io/inject) and restart the pods.',
    uses: ['drift', 'conflict', 'denial'],
  },
  MP1009: {
    name: 'mixed-endpoints',
    wrong: 'Some endpoints of one Service have a sidecar and others have none, so that calls fail now and then.',
    fix: 'Restart the pods that have no sidecar, or take the sidecar out of all of them.',
    uses: ['drift', 'conflict', 'denial'],
  },
  MP1010: {
    name: 'capture-bypassed',
    wrong: 'The port does not pass through the sidecar that stands beside it, so that nothing is enforced there.',
    fix: 'Remove the exclusion (excludeInboundPorts, includeInboundPorts, interceptionMode), or restart the pod where redirection was lost.',
    uses: ['drift', 'conflict', 'denial'],
  },
  MP1011: {
    name: 'undeclared-port-open',
    wrong: 'A port that no Service declares answers plaintext.',
    fix: "Declare the port, or make the workload's own policy STRICT: it holds for undeclared ports too.",
    uses: ['drift', 'conflict'],
  },
  MP1012: {
    name: 'headless-or-pod-ip-plaintext',
    wrong:
      "The call goes to a pod's own address (or a headless Service), where the client proxy has no choice by endpoint and sends the wrong transport.",
    fix: "Call by the Service's name, or set the tls mode in a DestinationRule.",
    uses: ['drift', 'conflict', 'denial'],
  },
  MP1013: {
    name: 'configuration-in-flight',
    wrong: 'A change of policy was under way while this was measured; the two ends did not yet agree.',
    fix: 'Measure again when the change has settled; go from DISABLE to STRICT by way of PERMISSIVE.',
    uses: ['drift', 'unknown'],
  },
  MP1014: {
    name: 'proxy-not-ready',
    wrong: 'The proxy on the way is not ready, or has no configuration from istiod.',
    fix: 'Look at istioctl proxy-status and the readiness of istio-proxy; restore its connection to istiod.',
    uses: ['drift', 'unknown'],
  },
  MP1015: {
    name: 'gateway-plaintext-to-strict',
    wrong: 'The gateway sends something else than Istio mutual TLS to a backend that is STRICT.',
    fix: "Correct the DestinationRule that the gateway's namespace sees: ISTIO_MUTUAL, or no tls block.",
    uses: ['drift', 'conflict', 'denial'],
  },
  MP1016: {
    name: 'generated-destination-rule-plaintext',
    wrong: 'A DestinationRule that another controller generates switches mutual TLS off towards a STRICT server.',
    fix: "Set the tls mode in the resource that it is generated from (for Flagger: the Canary's trafficPolicy).",
    uses: ['drift', 'conflict', 'denial'],
  },
  MP1017: {
    name: 'stale-client',
    wrong:
      'Clients of other namespaces still hold the old policy: a change of a PeerAuthentication is not pushed to them by itself.',
    fix: "Make istiod push to the target's clients: change a label or the spec of its Service (an annotation is not enough), or a DestinationRule of any Service that they see; or restart istiod.",
    uses: ['drift'],
  },
  MP1018: {
    name: 'policy-without-effect',
    wrong: 'A PeerAuthentication has no effect where it was meant to.',
    fix: 'Delete it, or correct its namespace and selector.',
    uses: ['conflict'],
  },
  MP1019: {
    name: 'destination-rule-host-unresolved',
    wrong: 'The host of a DestinationRule or route is no service that anybody sees, so that it has no effect.',
    fix: 'Write the full name: service.namespace.svc.cluster.local.',
    uses: ['conflict'],
  },
  MP1020: {
    name: 'destination-rule-never-chosen',
    wrong: 'A DestinationRule is never chosen, because another one of the same host comes first.',
    fix: 'Merge the two, or delete the one that is not in force.',
    uses: ['conflict'],
  },
  MP1021: {
    name: 'tls-to-plaintext-port',
    wrong: 'The caller speaks TLS of its own to a port that takes plaintext only.',
    fix: 'Nothing, unless the port should take mutual TLS: then look why its mode is DISABLE or its pod has no sidecar.',
    uses: ['denial'],
  },
  MP1022: {
    name: 'client-inference-disagrees',
    wrong:
      "Client proxies choose plaintext by the policy of the namespace or mesh (DISABLE), and the workload's own policy demands mutual TLS.",
    fix: 'Give the clients a DestinationRule with ISTIO_MUTUAL, or lift DISABLE from the namespace.',
    uses: ['drift', 'conflict', 'denial'],
  },
} as const satisfies Record<string, CauseEntry>;
