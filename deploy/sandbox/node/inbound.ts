/** The inbound side of a sidecar: one listener a captured port, and the filter chains behind it. */
import type { Socket } from 'node:net';
import type { InboundPort, SidecarPlan } from '../data-plane.ts';
import { isAllowed } from './authorization.ts';
import { inspectHello } from './client-hello.ts';
import { chooseChain, inspectorsOf, type CapturedMode, type FirstBytes } from './filter-chain.ts';
import { forward } from './forward.ts';
import { inspectHttp } from './http-inspector.ts';
import { headerOf, withoutHeaders, type Answer, type Headers } from './http-message.ts';
import { serveHttp } from './http-server.ts';
import { localReply, RBAC_DENIED } from './local-reply.ts';
import { peek } from './peek.ts';
import type { Peer } from './peer-certificate.ts';
import type { Proxy } from './proxy.ts';
import { close, closeOrderly, join } from './tcp-proxy.ts';
import { terminateTls, tlsServer, type TlsServer } from './terminate-tls.ts';
import { connectPlain } from './upstream.ts';

const XFCC = 'x-forwarded-client-cert';

type Facts = Pick<SidecarPlan, 'spiffeId' | 'trustDomain' | 'certificate' | 'authorization'> & {
  readonly port: Pick<InboundPort, 'port' | 'chain' | 'mode' | 'appAddress'>;
};

interface Inbound extends Facts {
  readonly tls: TlsServer;
}

/** One for every captured port of the sidecar. */
export function inboundProxies(plan: SidecarPlan): readonly Proxy[] {
  const { spiffeId, trustDomain, certificate, authorization } = plan;
  return plan.inbound.map(({ listen, port, chain, mode, appAddress }) => {
    const facts = { spiffeId, trustDomain, certificate, authorization, port: { port, chain, mode, appAddress } };
    return {
      address: listen,
      facts,
      take: () => {
        const inbound = { ...facts, tls: tlsServer(certificate, trustDomain) };
        return (socket) => take(socket, inbound);
      },
    };
  });
}

async function take(raw: Socket, inbound: Inbound): Promise<void> {
  const { port, tls } = inbound;
  const mode = port.mode as CapturedMode;
  const first = await inspect(raw, port, mode);
  if (first === undefined) {
    close(raw);
    return;
  }
  const chain = chooseChain(port.chain, mode, first);
  if (chain === undefined) {
    raw.resetAndDestroy();
    return;
  }
  const offered = first.transport === 'tls' ? first.alpn : [];
  const terminated = chain.isMutualTls ? await terminateTls(raw, tls, offered) : { socket: raw };
  if (terminated === undefined) return;
  const peer = 'peer' in terminated ? terminated.peer : undefined;
  if (chain.application === 'tcp') await serveTcp(terminated.socket, peer, inbound);
  else await serveHttp(terminated.socket, { serverName: 'istio-envoy', answer: answerOf(peer, inbound) });
}

/** Undefined: the client went away before it had said enough. */
async function inspect(raw: Socket, port: Facts['port'], mode: CapturedMode): Promise<FirstBytes | undefined> {
  const inspectors = inspectorsOf(port.chain, mode);
  if (!inspectors.tls && !inspectors.http) return { transport: 'raw', isHttp: false };
  return peek(raw, (bytes): FirstBytes | undefined => {
    if (inspectors.tls) {
      const hello = inspectHello(bytes);
      if (hello.kind === 'incomplete') return undefined;
      if (hello.kind === 'client-hello') return { transport: 'tls', alpn: hello.alpn };
    }
    if (!inspectors.http) return { transport: 'raw', isHttp: false };
    const protocol = inspectHttp(bytes);
    return protocol && { transport: 'raw', isHttp: protocol !== 'not-http' };
  });
}

/** Connects to the app at once, so that a banner may come before authorization, which looks at the client's first byte. */
async function serveTcp(downstream: Socket, peer: Peer | undefined, { port, authorization }: Inbound): Promise<void> {
  const gone = new AbortController();
  downstream.once('close', () => {
    gone.abort();
  });
  const connection = await connectPlain(port.appAddress, gone.signal);
  if (connection.kind === 'failed') {
    close(downstream);
    return;
  }
  const upstream = connection.socket;
  if (isAllowed(authorization, { caller: peer?.spiffeId, port: port.port })) {
    join(downstream, upstream);
    return;
  }
  upstream.pipe(downstream, { end: false });
  await peek(downstream, () => true);
  upstream.destroy();
  closeOrderly(downstream);
}

function answerOf(peer: Peer | undefined, { port, authorization, spiffeId }: Inbound): Answer {
  return (request, signal) => {
    const { method, path } = request;
    if (!isAllowed(authorization, { caller: peer?.spiffeId, port: port.port, request: { method, path } })) {
      return Promise.resolve(localReply(request, 403, RBAC_DENIED));
    }
    const headers = withCaller(request.headers, spiffeId, peer);
    return forward({ ...request, headers }, (gone) => connectPlain(port.appAddress, gone), signal);
  };
}

/** APPEND_FORWARD over mutual TLS, removed otherwise (envoy: conn_manager_utility.cc:mutateXfccRequestHeader). */
function withCaller(headers: Headers, ownId: string, peer: Peer | undefined): Headers {
  const others = withoutHeaders(headers, [XFCC]);
  if (peer === undefined) return others;
  const element = `By=${ownId};Hash=${peer.hash};Subject="";URI=${peer.spiffeId}`;
  const before = headerOf(headers, XFCC);
  return [...others, [XFCC, before === undefined ? element : `${before},${element}`]];
}
