/** Causes MP12: authorization. */
import type { CauseEntry } from './cause-catalogue.ts';

export const AUTHORIZATION_CAUSES = {
  MP1201: {
    name: 'authorization-denied',
    wrong: 'An AuthorizationPolicy denies the request.',
    fix: 'If the caller is meant to pass, name it in an ALLOW rule (from.source), or narrow the DENY rule.',
    uses: ['drift', 'denial'],
  },
  MP1202: {
    name: 'identity-rule-meets-plaintext',
    wrong:
      'A rule on identities stands at a port that takes plaintext; plaintext proves no identity, so that the rule does not touch such callers, or shuts all of them out.',
    fix: 'Make the port STRICT first; then rules on principals and namespaces hold for every caller.',
    uses: ['drift', 'conflict', 'denial'],
  },
  MP1203: {
    name: 'tcp-authorization-denied',
    wrong: 'Authorization closes the connection at TCP level.',
    fix: 'If the caller is meant to pass, allow it by identity or port; if the rule is on HTTP fields, declare the port as http.',
    uses: ['drift', 'denial'],
  },
  MP1204: {
    name: 'ztunnel-authorization-denied',
    wrong: 'The ztunnel of the target denies the connection by policy.',
    fix: 'If the caller is meant to pass, name it in an ALLOW rule on principals, namespaces or ports.',
    uses: ['drift', 'denial'],
  },
  MP1205: {
    name: 'waypoint-bypassed',
    wrong: 'A policy on HTTP fields counts on a waypoint, and the call does not go through one.',
    fix: 'Enrol the service with istio.io/use-waypoint, and deny everybody but the waypoint at the workload.',
    uses: ['drift', 'conflict'],
  },
  MP1206: {
    name: 'http-allow-rule-on-tcp-port',
    wrong:
      'An ALLOW rule on HTTP fields meets a TCP port: the rule is dropped there, the policy stays, and every connection is denied.',
    fix: 'Declare the port as http, or give the policy a rule without HTTP fields for it.',
    uses: ['drift', 'conflict', 'denial'],
  },
  MP1207: {
    name: 'http-deny-rule-on-tcp-port',
    wrong:
      'A DENY rule on HTTP fields meets a TCP port: the fields are dropped there, and what is left denies every connection.',
    fix: 'Name the HTTP ports in the rule (to.operation.ports), or declare the port as http.',
    uses: ['drift', 'conflict', 'denial'],
  },
  MP1208: {
    name: 'authorization-keyed-by-service-port',
    wrong: 'A rule names the port of the Service; authorization sees the container port, and the rule never matches.',
    fix: 'Write the container port (targetPort).',
    uses: ['conflict'],
  },
  MP1209: {
    name: 'target-ref-on-sidecar',
    wrong: 'A policy with targetRefs is meant for a workload behind a sidecar, and sidecars ignore it.',
    fix: 'Use a selector for sidecars; targetRefs are for gateways and waypoints.',
    uses: ['conflict'],
  },
  MP1210: {
    name: 'authorization-without-effect',
    wrong: 'The selector of an AuthorizationPolicy matches no pod.',
    fix: 'Correct the selector, or delete the policy.',
    uses: ['conflict'],
  },
  MP1211: {
    name: 'authorization-not-in-effect',
    wrong: 'A request is answered that a policy denies.',
    fix: 'Look at istioctl proxy-status and proxy-config for the target: the policy has not arrived, or the port does not pass through its proxy.',
    uses: ['drift'],
  },
  MP1212: {
    name: 'request-token-refused',
    wrong: 'The request carries no token that request authentication accepts.',
    fix: 'Send a token of the issuer and audience that the RequestAuthentication names.',
    uses: ['drift', 'denial'],
  },
  MP1213: {
    name: 'external-authorization-denied',
    wrong: 'The external authorization provider of a CUSTOM policy denies the request, or is not there.',
    fix: 'Ask the provider why; if it is missing, correct extensionProviders in the mesh config.',
    uses: ['drift', 'denial'],
  },
  MP1214: {
    name: 'authorization-refused-by-proxy',
    wrong:
      'A value of a policy becomes a regular expression that Envoy refuses, and with it the whole inbound configuration of the pods that the policy selects: running ones keep what they had, whatever is declared from then on, and new ones never become ready.',
    fix: 'Write principals with one asterisk at most, at the beginning or at the end, and namespaces and service accounts by their names.',
    uses: ['conflict'],
  },
} as const satisfies Record<string, CauseEntry>;
