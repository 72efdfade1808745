/** Causes MP14: health checks and scraping. */
import type { CauseEntry } from './cause-catalogue.ts';

export const HEALTH_CAUSES = {
  MP1401: {
    name: 'health-probe-not-rewritten',
    wrong: 'The kubelet checks a STRICT port in plaintext, because the check is not rewritten; it must fail.',
    fix: 'Remove the annotation sidecar.istio.io/rewriteAppHTTPProbers (or set it to "true") and restart the pods.',
    uses: ['drift', 'conflict', 'denial'],
  },
  MP1402: {
    name: 'health-probe-not-registered',
    wrong: 'The check is rewritten, and the sidecar does not know it: it answers 400.',
    fix: "Use a port name that the container declares; let Istio's webhook run after the one that adds the container (reinvocationPolicy).",
    uses: ['drift', 'conflict', 'denial'],
  },
  MP1403: {
    name: 'health-listener-on-other-address',
    wrong: 'The sidecar cannot reach the application for its health check.',
    fix: "Let the application listen on the pod's address, at the port of the check.",
    uses: ['drift', 'denial'],
  },
  MP1404: {
    name: 'tcp-health-probe-proves-nothing',
    wrong:
      'A TCP check goes to the sidecar, which accepts every connection: it passes even where the application is dead.',
    fix: 'Let Istio rewrite the check, or make it an HTTP or gRPC check.',
    uses: ['conflict'],
  },
  MP1405: {
    name: 'health-path-denied-by-authorization',
    wrong: "An AuthorizationPolicy denies the health check's path to callers without identity.",
    fix: 'Let Istio rewrite the check, or allow the path.',
    uses: ['drift', 'conflict', 'denial'],
  },
  MP1406: {
    name: 'network-policy-blocks-kubelet',
    wrong: 'A NetworkPolicy shuts the kubelet out, whose address for ambient pods is 169.254.7.127.',
    fix: 'Allow 169.254.7.127/32.',
    uses: ['drift', 'denial'],
  },
  MP1407: {
    name: 'metrics-scrape-refused',
    wrong: 'Prometheus scrapes a STRICT port in plaintext.',
    fix: 'Scrape the merged metrics at 15020, or except the metrics port.',
    uses: ['drift', 'denial'],
  },
} as const satisfies Record<string, CauseEntry>;
