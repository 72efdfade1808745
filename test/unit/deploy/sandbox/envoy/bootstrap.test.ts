/** The configuration of a sidecar: which listeners, which filter chains, which transports. */
import t from 'tap';
import type { InboundPort, SidecarPlan, UpstreamEndpoint } from '../../../../../deploy/sandbox/data-plane.ts';
import { sidecarBootstrap } from '../../../../../deploy/sandbox/envoy/bootstrap.ts';
import type { ChainProtocol, PortMode } from '../../../../../deploy/sandbox/reality.ts';

interface Chain {
  readonly filter_chain_match?: {
    readonly transport_protocol?: string;
    readonly application_protocols?: readonly string[];
  };
  readonly filters: readonly { readonly name: string }[];
  readonly transport_socket?: { readonly typed_config: { readonly require_client_certificate?: boolean } };
}
interface Listener {
  readonly name: string;
  readonly bind_to_port?: boolean;
  readonly listener_filters?: readonly { readonly name: string }[];
  readonly filter_chains: readonly Chain[];
}
interface Cluster {
  readonly name: string;
  readonly transport_socket_matches?: readonly { readonly name: string; readonly transport_socket: object }[];
}

const host = '127.64.0.2';

function plan(inbound: readonly InboundPort[], endpoints: readonly UpstreamEndpoint[] = []): SidecarPlan {
  const virtualAddress = { host: '127.64.128.2', port: 80 };
  return {
    pod: 'foo/t',
    spiffeId: 'spiffe://cluster.local/ns/foo/sa/t',
    trustDomain: 'cluster.local',
    certificate: { key: 'key', chain: 'chain', root: 'root' },
    inbound,
    authorization: [],
    outbound: [
      { name: 'foo/t', fqdn: 't.foo.svc.cluster.local', port: 80, protocol: 'http', virtualAddress, endpoints },
    ],
    capture: { host, port: 15001 },
    statusPort: { host, port: 15020 },
    readinessPort: { host, port: 15021 },
    probers: {},
  };
}

function port(chain: ChainProtocol, mode: PortMode): InboundPort {
  return { port: 8080, app: 'http', chain, mode, listen: { host, port: 8080 }, appAddress: { host, port: 9090 } };
}

function resourcesOf(of: SidecarPlan): {
  readonly listeners: readonly Listener[];
  readonly clusters: readonly Cluster[];
} {
  return sidecarBootstrap(of, '/tmp/admin')['static_resources'] as ReturnType<typeof resourcesOf>;
}

function inboundListener(chain: ChainProtocol, mode: PortMode): Listener | undefined {
  return resourcesOf(plan([port(chain, mode)])).listeners.find(({ name }) => name === 'inbound 8080');
}

/** `match -> HTTP or TCP [+ mTLS]`, one a chain. */
function drawn(listener: Listener | undefined): readonly string[] {
  return (listener?.filter_chains ?? []).map((chain) => {
    const { transport_protocol: transport = 'any', application_protocols: alpn = [] } = chain.filter_chain_match ?? {};
    const layer = chain.filters.at(-1)?.name.includes('http_connection_manager') === true ? 'HTTP' : 'TCP';
    const isMutual = chain.transport_socket?.typed_config.require_client_certificate === true;
    return `${[transport, ...alpn].join(' ')} -> ${layer}${isMutual ? ' + mTLS' : ''}`;
  });
}

const HTTP_NAMES = 'istio-http/1.0 istio-http/1.1 istio-h2';
const TCP_NAMES = 'istio-peer-exchange istio';

t.test('every protocol and mode has the filter chains of istiod', (t) => {
  const cases: readonly (readonly [ChainProtocol, PortMode, readonly string[]])[] = [
    ['http', 'DISABLE', ['raw_buffer -> HTTP']],
    ['http', 'PERMISSIVE', [`tls ${HTTP_NAMES} ${TCP_NAMES} -> HTTP + mTLS`, 'raw_buffer -> HTTP']],
    ['http', 'STRICT', ['tls -> HTTP + mTLS']],
    ['tcp', 'DISABLE', ['raw_buffer -> TCP']],
    ['tcp', 'PERMISSIVE', [`tls ${HTTP_NAMES} ${TCP_NAMES} -> TCP + mTLS`, 'tls -> TCP', 'raw_buffer -> TCP']],
    ['tcp', 'STRICT', ['tls -> TCP + mTLS']],
    ['auto', 'DISABLE', ['raw_buffer http/1.1 h2c -> HTTP', 'raw_buffer -> TCP']],
    [
      'auto',
      'PERMISSIVE',
      [
        `tls ${HTTP_NAMES} -> HTTP + mTLS`,
        'raw_buffer http/1.1 h2c -> HTTP',
        `tls ${TCP_NAMES} -> TCP + mTLS`,
        'raw_buffer -> TCP',
        'tls -> TCP',
      ],
    ],
    ['auto', 'STRICT', [`tls ${HTTP_NAMES} -> HTTP + mTLS`, 'tls -> TCP + mTLS']],
  ];
  for (const [protocol, mode, chains] of cases) {
    t.strictSame(drawn(inboundListener(protocol, mode)), chains, `${protocol} ${mode}`);
  }
  t.end();
});

t.test('only ports that look at TLS have the TLS inspector, only auto ports the HTTP inspector', (t) => {
  const filters = (protocol: ChainProtocol, mode: PortMode): readonly string[] | undefined =>
    inboundListener(protocol, mode)?.listener_filters?.map(({ name }) => name.replace('envoy.filters.listener.', ''));
  t.strictSame(filters('tcp', 'DISABLE'), []);
  t.strictSame(filters('tcp', 'STRICT'), ['tls_inspector']);
  t.strictSame(filters('auto', 'DISABLE'), ['http_inspector']);
  t.strictSame(filters('auto', 'PERMISSIVE'), ['tls_inspector', 'http_inspector']);
  t.end();
});

t.test('an uncaptured port has no listener', (t) => {
  t.equal(inboundListener('http', 'uncaptured'), undefined);
  t.end();
});

t.test('each endpoint gets the transport that was chosen for it', (t) => {
  const address = { host, port: 8080 };
  const id = 'spiffe://cluster.local/ns/foo/sa/t';
  const { clusters } = resourcesOf(
    plan(
      [],
      [
        { pod: 'foo/a', address, tls: 'istio-mutual', identities: [id] },
        { pod: 'foo/b', address, tls: 'plaintext', identities: [id] },
        { pod: 'foo/c', address, tls: 'istio-mutual', identities: [id] },
      ],
    ),
  );
  const matches = clusters.find(
    ({ name }) => name === 'outbound|80||t.foo.svc.cluster.local',
  )?.transport_socket_matches;
  t.match(matches, [
    {
      name: `istio-mutual ${id}`,
      transport_socket: {
        typed_config: {
          sni: 'outbound_.80_._.t.foo.svc.cluster.local',
          common_tls_context: {
            alpn_protocols: ['istio'],
            validation_context: { match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: id } }] },
          },
        },
      },
    },
    { name: 'plaintext', transport_socket: { name: 'envoy.transport_sockets.raw_buffer' } },
  ]);
  t.equal(matches?.length, 2);
  t.end();
});

t.test('only the capture point and the inbound ports have sockets', (t) => {
  const { listeners } = resourcesOf(plan([port('http', 'STRICT')]));
  const bound = listeners.filter(({ bind_to_port: isBound }) => isBound !== false).map(({ name }) => name);
  t.strictSame(bound, ['inbound 8080', 'virtualOutbound']);
  t.end();
});
