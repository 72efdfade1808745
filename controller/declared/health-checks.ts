/** Health checks of a pod: as written, and as the kubelet sends them after the injector has (or has not) rewritten them. */
import type { ContainerProbeKind, HealthAction } from '../../proto/vocabulary.ts';
import type { ContainerPort, HealthCheck, HealthEndpoint } from './model.ts';
import { fields, integer, isFields, list, parseBool, text } from './reading.ts';
import type { Fields } from './reading.ts';
import type { Labels } from './selector.ts';

const CHECKS: readonly (readonly [ContainerProbeKind, string, string])[] = [
  ['liveness', 'livenessProbe', 'livez'],
  ['readiness', 'readinessProbe', 'readyz'],
  ['startup', 'startupProbe', 'startupz'],
];
const PROXY = 'istio-proxy';
const REWRITTEN_PREFIX = '/app-health/';

export interface HealthSubject {
  readonly spec: Fields;
  readonly annotations: Labels;
  /** The pod will get, or has, a sidecar. */
  readonly isMeshed: boolean;
  /** The webhook has been there: what is in the spec is what the kubelet sends. */
  readonly isMutated: boolean;
  readonly isRewriteDefault: boolean;
  readonly statusPort: number;
}

/** Only sidecars rewrite; the annotation beats the default. istio: pkg/kube/inject/app_probe.go, webhook.go:applyRewrite */
export function healthChecksOf(subject: HealthSubject): readonly HealthCheck[] {
  const containers = [...list(subject.spec['containers']), ...list(subject.spec['initContainers'])].filter(isFields);
  const isRewriteWanted =
    parseBool(subject.annotations['sidecar.istio.io/rewriteAppHTTPProbers']) ?? subject.isRewriteDefault;
  const registered = registeredProbes(containers);
  return containers
    .filter((container) => container['name'] !== PROXY)
    .flatMap((container) =>
      CHECKS.flatMap(([check, field, path]): readonly HealthCheck[] => {
        const given = container[field];
        if (!isFields(given)) return [];
        const name = text(container['name']) ?? '';
        if (isFields(given['exec'])) return [{ kind: 'exec', container: name, check }];
        const written = endpointOf(given, containerPorts(container));
        if (written === null) return [];
        const common = { kind: 'network' as const, container: name, check };
        if (subject.isMutated) return [{ ...common, ...mutated(written, subject.statusPort, registered) }];
        const isRewritten = subject.isMeshed && isRewriteWanted && written.port !== subject.statusPort;
        const kubelet = isRewritten ? statusEndpoint(name, path, written, subject.statusPort) : written;
        return [{ ...common, original: written, kubelet, isRewritten, isRegistered: written.port !== 0 }];
      }),
    );
}

/** What a container says of its ports; a name that is not there resolves to nothing. */
export function containerPorts(container: Fields): readonly ContainerPort[] {
  return list(container['ports']).flatMap((value) => {
    const port = integer(fields(value)['containerPort']);
    if (port === undefined) return [];
    const name = text(fields(value)['name']);
    const protocol = fields(value)['protocol'];
    return [
      {
        ...(name === undefined ? {} : { name }),
        port,
        protocol: protocol === 'UDP' || protocol === 'SCTP' ? protocol : ('TCP' as const),
      },
    ];
  });
}

function statusEndpoint(container: string, path: string, written: HealthEndpoint, port: number): HealthEndpoint {
  const headers = written.action.kind === 'httpGet' ? written.action.headers : [];
  return {
    port,
    action: { kind: 'httpGet', path: `${REWRITTEN_PREFIX}${container}/${path}`, scheme: 'HTTP', headers },
  };
}

/** The pod as it runs: a path on the status port is looked up in what the agent was given. */
function mutated(
  sent: HealthEndpoint,
  statusPort: number,
  registered: Fields,
): Pick<Exclude<HealthCheck, { kind: 'exec' }>, 'original' | 'kubelet' | 'isRewritten' | 'isRegistered'> {
  const { action } = sent;
  if (sent.port !== statusPort || action.kind !== 'httpGet' || !action.path.startsWith(REWRITTEN_PREFIX)) {
    return { original: sent, kubelet: sent, isRewritten: false, isRegistered: true };
  }
  const entry = registered[action.path];
  const original = isFields(entry) ? endpointOf(entry, []) : null;
  return {
    original: original ?? { port: 0, action },
    kubelet: sent,
    isRewritten: true,
    isRegistered: original !== null && original.port !== 0,
  };
}

function registeredProbes(containers: readonly Fields[]): Fields {
  const proxy = containers.find((container) => container['name'] === PROXY);
  const variable = list(proxy?.['env']).find((item) => fields(item)['name'] === 'ISTIO_KUBE_APP_PROBERS');
  try {
    return fields(JSON.parse(text(fields(variable)['value']) ?? '{}') as unknown);
  } catch {
    return {};
  }
}

function endpointOf(probe: Fields, ports: readonly ContainerPort[]): HealthEndpoint | null {
  const httpGet = probe['httpGet'];
  if (isFields(httpGet)) {
    const headers = list(httpGet['httpHeaders']).map((header) => ({
      name: text(fields(header)['name']) ?? '',
      value: text(fields(header)['value']) ?? '',
    }));
    const path = text(httpGet['path']) ?? '/';
    const action: HealthAction = {
      kind: 'httpGet',
      path: path.startsWith('/') ? path : `/${path}`,
      scheme: httpGet['scheme'] === 'HTTPS' ? 'HTTPS' : 'HTTP',
      headers,
    };
    return { port: resolve(httpGet['port'], ports), action };
  }
  const tcpSocket = probe['tcpSocket'];
  if (isFields(tcpSocket)) return { port: resolve(tcpSocket['port'], ports), action: { kind: 'tcpSocket' } };
  const grpc = probe['grpc'];
  if (!isFields(grpc)) return null;
  return { port: resolve(grpc['port'], ports), action: { kind: 'grpc', service: text(grpc['service']) ?? '' } };
}

/** Port number, or 0 where a name resolves to nothing. */
function resolve(port: unknown, ports: readonly ContainerPort[]): number {
  if (typeof port === 'number') return port;
  const name = text(port) ?? '';
  const found = ports.find((candidate) => candidate.name === name);
  if (found !== undefined) return found.port;
  return /^[0-9]+$/.test(name) ? Number(name) : 0;
}
