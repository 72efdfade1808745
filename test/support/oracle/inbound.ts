/** What a pod's own proxy makes of a connection, before any authorization. */
import type { FlowCertificate, OutcomeCode } from '../../../controller/declared/expectation.ts';
import type { TlsMode } from './manifests.ts';
import type { PortClass } from './services.ts';

/** What arrives: bytes of HTTP or others, in the clear or inside TLS. */
export interface Arriving {
  readonly isHttp: boolean;
  readonly tls: {
    readonly alpn: readonly string[];
    readonly certificate: FlowCertificate;
    readonly identity: string | null;
  } | null;
}

export type Arrival =
  | { readonly kind: 'refused'; readonly outcome: OutcomeCode; readonly isOverTls: boolean }
  | {
      readonly kind: 'chain';
      readonly isHttp: boolean;
      readonly transport: 'plaintext' | 'mtls' | 'tls';
      readonly identity: string | null;
    };

const HTTP_ALPN = ['istio-http/1.0', 'istio-http/1.1', 'istio-h2'];
const TCP_ALPN = ['istio-peer-exchange', 'istio'];

/** istio: pilot/pkg/networking/core/filterchain_options.go; Envoy's choice among them by transport, then ALPN. */
export function arrive(portClass: PortClass, mode: Exclude<TlsMode, 'UNSET'>, arriving: Arriving): Arrival {
  const { tls, isHttp } = arriving;
  if (tls === null) {
    if (mode === 'STRICT') return refused('DENY_STRICT');
    if (portClass === 'http' && !isHttp) return refused('PROTO_MISMATCH');
    return chain(portClass === 'http' || (portClass === 'auto' && isHttp), 'plaintext', null);
  }
  if (mode === 'DISABLE') return portClass === 'http' ? refused('PROTO_MISMATCH', true) : chain(false, 'tls', null);
  const offered = tls.alpn.find((name) => HTTP_ALPN.includes(name) || TCP_ALPN.includes(name));
  if (mode === 'PERMISSIVE' && offered === undefined) {
    return portClass === 'http' ? refused('DENY_NO_CHAIN_TLS', true) : chain(false, 'tls', null);
  }
  if (portClass !== 'auto') return terminated(portClass === 'http');
  if (mode === 'PERMISSIVE') return terminated(offered !== undefined && HTTP_ALPN.includes(offered));
  return terminated(tls.alpn.some((name) => HTTP_ALPN.includes(name)));

  function terminated(isHttpChain: boolean): Arrival {
    switch (tls?.certificate ?? 'none') {
      case 'none':
        return refused('DENY_TLS_NO_CERT', true);
      case 'untrusted-ca':
        return refused('DENY_TLS_BAD_CA', true);
      case 'wrong-trust-domain':
        return refused('DENY_TLS_BAD_TD', true);
      case 'expired':
        return refused('DENY_TLS_EXPIRED', true);
      case 'valid':
        return isHttpChain && !isHttp ? refused('PROTO_MISMATCH') : chain(isHttpChain, 'mtls', tls?.identity ?? null);
    }
  }
}

function refused(outcome: OutcomeCode, isOverTls = false): Arrival {
  return { kind: 'refused', outcome, isOverTls };
}

function chain(isHttp: boolean, transport: 'plaintext' | 'mtls' | 'tls', identity: string | null): Arrival {
  return { kind: 'chain', isHttp, transport, identity };
}
