/** The steps of a trail as sentences; every word that the engine can say has its phrase here. */
import type { TrailStep } from '../declared/expectation.ts';
import type { TrailAgent, TrailWords } from '../declared/trail.ts';
import { objectWords } from './object-words.ts';

type Phrases = { readonly [S in keyof TrailWords]: Readonly<Record<TrailWords[S], string>> };

const RESULTS: Phrases = {
  source: {
    naked: 'no sidecar',
    sidecar: 'a sidecar carries its traffic',
    ambient: 'ztunnel carries its traffic',
    host: "the node's own network, without a proxy",
    gateway: 'a gateway',
    external: 'outside the mesh',
  },
  visibility: {
    visible: 'its proxy knows the service',
    redirected: 'its proxy sends the call elsewhere',
    passthrough: 'its proxy does not know the address and lets the call pass as it is',
    blackhole: 'its proxy does not know the address and refuses the call',
    'no-endpoints': 'the service has no endpoint for this port',
    'no-subset': 'the subset selects no pod',
    answered: 'its proxy answers by itself',
  },
  'network-policy': { allow: 'nothing stands in the way', deny: 'the packets are dropped' },
  gateway: {
    routed: 'the gateway routes the call',
    'no-route': 'the gateway has no route for it',
    redirected: 'the gateway redirects the caller',
    'tls-required': 'the gateway asks for TLS',
    bypassed: 'the gateway is not on the way',
    traversed: 'the call goes through the gateway',
  },
  client: {
    plaintext: 'sends plaintext',
    mtls: 'sends Istio mutual TLS',
    tls: "sends TLS that is not Istio's",
    hbone: 'sends it through an HBONE tunnel',
  },
  capture: {
    captured: "the port leads through the server's proxy",
    bypassed: "the port goes around the server's proxy",
    absent: 'the server has no proxy',
  },
  'peer-authentication': {
    STRICT: 'STRICT: takes mutual TLS only',
    PERMISSIVE: 'PERMISSIVE: takes mutual TLS and plaintext',
    DISABLE: 'DISABLE: takes plaintext, and does not terminate TLS',
  },
  'filter-chain': {
    http: 'the plaintext HTTP chain takes the connection',
    tcp: 'the plaintext TCP chain takes the connection',
    'http-mtls': 'the mutual TLS chain for HTTP takes the connection',
    'tcp-mtls': 'the mutual TLS chain for TCP takes the connection',
    'tls-passthrough': 'the TLS bytes are passed on as they are',
    hbone: 'the HBONE listener takes the connection',
    none: 'no chain takes the connection, which is closed',
    waiting: 'no chain can be chosen before the client speaks',
  },
  identity: {
    proved: 'the server sees who calls',
    none: 'the caller proves no identity',
    refused: "the caller's certificate is refused",
  },
  'custom-authorization': {
    allow: 'allowed',
    deny: 'denied',
    'provider-decides': 'an external authorizer decides, which only the wire can tell',
  },
  'request-authentication': {
    'no-token': 'no token is sent',
    accepted: 'the token is accepted',
    refused: 'the token is refused',
  },
  authorization: {
    allow: 'allowed',
    deny: 'denied',
    slipped: 'a rule on identities does not touch this caller',
    'not-enforced': 'a rule that is not enforced',
    shadowed: 'would deny, but is not on the way',
  },
  health: {
    rewritten: "the kubelet asks the sidecar's status port, which asks the application",
    'not-rewritten': 'the kubelet asks the application port itself',
    'not-registered': "the kubelet asks the sidecar's status port, which does not know the check",
    'proves-nothing': 'its answer proves nothing',
    exec: 'no network is involved',
  },
  application: {
    answers: 'answers',
    'other-protocol': 'cannot make sense of the bytes',
    'not-listening': 'does not listen on the port',
  },
};

const AGENTS: Readonly<Record<TrailAgent, string>> = {
  default: "Istio's default",
  'auto-mtls': 'auto mTLS',
  'auto-mtls-without-choice': 'auto mTLS, one choice for all endpoints',
  'port-level-without-tls': 'auto mTLS, because the rule sets no TLS for this port',
  'namespace-disable': 'a policy of the namespace or the mesh says DISABLE',
  'destination-rule': '',
  naked: 'no proxy changes what it sends',
  'raw-tls': 'the caller does its own handshake',
  'passthrough-cluster': 'the address is used as it is',
  excludeInboundPorts: 'excludeInboundPorts',
  includeInboundPorts: 'includeInboundPorts',
  interceptionMode: 'interceptionMode',
  'reserved-port': 'a port of the proxy itself',
  'not-injected': 'none was injected',
  'host-network': 'the pod is on the host network',
  'same-node': 'the caller is on the same node',
  'own-address': 'the pod calls itself',
  'bypass-inbound-capture': 'inbound traffic is not captured',
  mesh: 'mesh-wide',
  namespace: 'for the namespace',
  workload: 'for the workload',
  port: 'for this port',
  'older-duplicate': 'an older policy of the same scope wins',
  'service-port-key': 'its key is the service port, not the container port',
  'root-namespace-selector': 'a selector in the root namespace',
  'http-fields-on-tcp': 'HTTP fields at a TCP port',
  'no-allow-matched': 'ALLOW policies exist and none matches',
  'provider-missing': 'its provider is not configured',
  'local-node': "calls from the pod's own node are always let in",
  waypoint: 'at the waypoint',
  ztunnel: 'at ztunnel',
  'outbound-traffic-policy': 'outboundTrafficPolicy',
  'trust-domain': 'another trust domain',
  annotation: 'by annotation',
};

/** `STRICT: takes mutual TLS only; PeerAuthentication shop/default (spec.mtls.mode), for the namespace`. */
export function stepWords(step: TrailStep): string {
  const says =
    phraseOf(RESULTS[step.stage], step.result) + (step.isInEffect === false ? ', but not for this call' : '');
  const { note = '' } = step;
  if (step.stage === 'source') return note === '' ? says : `${note}: ${says}`;
  const reasons = [
    step.object === undefined ? '' : objectWords(step.object),
    step.by === undefined ? '' : phraseOf(AGENTS, step.by),
    note,
  ].filter((text) => text !== '');
  return reasons.length === 0 ? says : `${says}; ${reasons.join(', ')}`;
}

/** The word itself where an engine newer than this table says something else. */
function phraseOf(phrases: Readonly<Record<string, string | undefined>>, word: string): string {
  return phrases[word] ?? word;
}
