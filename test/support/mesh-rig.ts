/** A target pod with a port of every protocol and mode, and a caller's sidecar, on whatever data plane is given. */
import { claimAddresses } from '../../deploy/sandbox/address-block.ts';
import type {
  DataPlane,
  InboundPort,
  SidecarPlan,
  UpstreamEndpoint,
  UpstreamService,
  WorkloadCertificate,
} from '../../deploy/sandbox/data-plane.ts';
import type { AuthorizationRule, ChainProtocol } from '../../deploy/sandbox/reality.ts';
import type { Address } from '../../proto/vocabulary.ts';
import { startTwoFacedApp } from './two-faced-app.ts';

export const PROTOCOLS: readonly ChainProtocol[] = ['http', 'tcp', 'auto'];
export const MODES = ['DISABLE', 'PERMISSIVE', 'STRICT'] as const;
export type Mode = (typeof MODES)[number];

export const TRUST_DOMAIN = 'cluster.local';
export const SERVER_ID = 'spiffe://cluster.local/ns/foo/sa/t';
export const CLIENT_ID = 'spiffe://cluster.local/ns/bar/sa/c';

/** Certificates of the two pods, from one root. */
export interface RigCertificates {
  readonly server: WorkloadCertificate;
  readonly client: WorkloadCertificate;
}

/** One call of the client's sidecar: to which server, in which transport. */
export interface RigService {
  readonly protocol: 'http' | 'tcp' | 'auto';
  readonly tls: UpstreamEndpoint['tls'];
  /** Mode of the server's port of the same protocol; or an app without a sidecar; one that is down; no endpoint at all. */
  readonly server: Mode | 'naked' | 'down' | 'none';
  readonly identities?: readonly string[];
}

export interface Rig extends AsyncDisposable {
  readonly port: (protocol: ChainProtocol, mode: Mode) => Address;
  /** The same chains before an app that speaks first. */
  readonly serverFirstPort: (protocol: ChainProtocol, mode: Mode) => Address;
  readonly capture: Address;
  /** What captured traffic names as its destination, by number of the service. */
  readonly virtualAddresses: readonly Address[];
}

export interface RigOptions {
  readonly certificates: RigCertificates;
  readonly authorization?: readonly AuthorizationRule[];
  readonly services?: readonly RigService[];
  /** Another app behind the target's ports than the two-faced one. */
  readonly app?: Address;
}

const FIRST_PORT = 8100;
const START_MS = 30_000;

const CHAINS = PROTOCOLS.flatMap((protocol) => MODES.map((mode) => ({ protocol, mode })));

/** The target's container port for a protocol and mode, as authorization rules name it. */
export function portNumber(protocol: ChainProtocol, mode: Mode): number {
  return FIRST_PORT + CHAINS.findIndex((chain) => chain.protocol === protocol && chain.mode === mode);
}

/** Starts apps and proxies; disposal ends both, and the data plane with them. */
export async function startRig(dataPlane: DataPlane, options: RigOptions): Promise<Rig> {
  await using started = new AsyncDisposableStack();
  const block = started.use(await claimAddresses());
  started.use(dataPlane);
  const twoFacedApp = started.use(await startTwoFacedApp({ hasBanner: false }));
  const appAddress = options.app ?? twoFacedApp.address;
  const serverFirstApp = started.use(await startTwoFacedApp({ hasBanner: true }));

  const inboundFor = (app: Address, offset: number): Promise<readonly InboundPort[]> =>
    Promise.all(
      CHAINS.map(async ({ protocol: chain, mode }) => {
        const port = portNumber(chain, mode) + offset;
        return {
          port,
          app: 'http',
          chain,
          mode,
          listen: await block.reserve('pod', 0, port),
          appAddress: app,
        } as const;
      }),
    );
  const ports = await inboundFor(appAddress, 0);
  const serverFirstPorts = await inboundFor(serverFirstApp.address, CHAINS.length);
  const find = (among: readonly InboundPort[], protocol: ChainProtocol, mode: Mode): Address => {
    const found = among.find((port) => port.chain === protocol && port.mode === mode);
    if (found === undefined) throw new Error(`no ${protocol} port in ${mode}`);
    return found.listen;
  };

  const endpointAddresses = ({ server, protocol }: RigService): readonly Address[] => {
    switch (server) {
      case 'none':
        return [];
      case 'naked':
        return [appAddress];
      case 'down':
        return [block.unserved('pod', 0, FIRST_PORT - 1)];
      default:
        return [find(ports, protocol, server)];
    }
  };
  const services = (options.services ?? []).map((service, index): UpstreamService => {
    const port = 80 + index;
    return {
      name: `foo/s${String(index)}`,
      fqdn: `s${String(index)}.foo.svc.cluster.local`,
      port,
      protocol: service.protocol,
      virtualAddress: block.unserved('service', index, port),
      endpoints: endpointAddresses(service).map((address) => ({
        pod: 'foo/t',
        address,
        tls: service.tls,
        identities: service.identities ?? [SERVER_ID],
      })),
    };
  });
  const sidecar = async (index: number, name: string, id: string, certificate: WorkloadCertificate) => ({
    pod: name,
    spiffeId: id,
    trustDomain: TRUST_DOMAIN,
    certificate,
    capture: await block.reserve('app', index, 15001),
    statusPort: await block.reserve('pod', index, 15020),
    readinessPort: await block.reserve('pod', index, 15021),
    probers: {},
  });
  const server: SidecarPlan = {
    ...(await sidecar(0, 'foo/t', SERVER_ID, options.certificates.server)),
    inbound: [...ports, ...serverFirstPorts],
    authorization: options.authorization ?? [],
    outbound: [],
  };
  const client: SidecarPlan = {
    ...(await sidecar(1, 'bar/c', CLIENT_ID, options.certificates.client)),
    inbound: [],
    authorization: [],
    outbound: services,
  };
  await dataPlane.start(services.length > 0 ? [server, client] : [server], [], AbortSignal.timeout(START_MS));

  const lifetime = started.move();
  return {
    port: (protocol, mode) => find(ports, protocol, mode),
    serverFirstPort: (protocol, mode) => find(serverFirstPorts, protocol, mode),
    capture: client.capture,
    virtualAddresses: services.map((service) => service.virtualAddress),
    [Symbol.asyncDispose]: () => lifetime.disposeAsync(),
  };
}
