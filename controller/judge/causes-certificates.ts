/** Causes MP11: certificates and identities. */
import type { CauseEntry } from './cause-catalogue.ts';

export const CERTIFICATE_CAUSES = {
  MP1101: {
    name: 'client-certificate-expired',
    wrong: "The caller's workload certificate is refused: it is out of date, or not what the server takes.",
    fix: "Look at the caller's istio-proxy log for failed signing requests; restore its way to istiod and its token, then restart it.",
    uses: ['drift', 'denial'],
  },
  MP1102: {
    name: 'served-certificate-expired',
    wrong: 'The server shows a workload certificate whose time is over, and meshed callers refuse it.',
    fix: "Look at the server's istio-proxy log for failed signing requests; restore its way to istiod, then restart the pod.",
    uses: ['drift'],
  },
  MP1103: {
    name: 'untrusted-root',
    wrong: 'The two ends trust different roots.',
    fix: 'Distribute one trust bundle with both roots until every workload has a certificate of the new one.',
    uses: ['drift', 'denial'],
  },
  MP1104: {
    name: 'identity-mismatch',
    wrong: 'The certificate carries another identity than the one that is expected of this workload.',
    fix: 'Align service account, trust domain (trustDomainAliases) and the subjectAltNames of DestinationRules.',
    uses: ['drift', 'denial'],
  },
  MP1105: {
    name: 'certificate-missing',
    wrong: 'A proxy has no certificate to show.',
    fix: "Look at istiod and at the credentialName; the proxy's own /certs page is empty until it is given one.",
    uses: ['drift', 'denial'],
  },
  MP1106: {
    name: 'clock-skew',
    wrong: 'The certificate is not valid yet by the clock of the other end.',
    fix: 'Set the clocks of the nodes right (NTP).',
    uses: ['drift'],
  },
  MP1107: {
    name: 'certificate-revoked',
    wrong: 'The certificate is on a revocation list.',
    fix: 'Issue a new one.',
    uses: ['drift', 'denial'],
  },
  MP1108: {
    name: 'tls-version-or-cipher',
    wrong: 'The two ends have no TLS version or cipher in common.',
    fix: 'Align meshMTLS.minProtocolVersion with what the clients speak.',
    uses: ['drift', 'denial'],
  },
  MP1109: {
    name: 'no-istio-alpn',
    wrong:
      "TLS without one of Istio's ALPN names meets an HTTP port that is PERMISSIVE, which has no filter chain for it.",
    fix: 'Offer istio-http/1.1 or istio as ALPN, call through a sidecar, or make the port STRICT.',
    uses: ['drift', 'denial'],
  },
  MP1110: {
    name: 'client-certificate-required',
    wrong: 'The port asks for a client certificate, and the caller shows none.',
    fix: 'Nothing, if that caller is meant to be shut out; otherwise call through a sidecar.',
    uses: ['drift', 'denial'],
  },
} as const satisfies Record<string, CauseEntry>;
