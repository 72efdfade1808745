/** Meshes of any size: teams, each a namespace with its workloads, its services, and the policies that teams write. */

export interface Shape {
  readonly teams: number;
  /** In all. */
  readonly workloads: number;
}

type Labels = Readonly<Record<string, string>>;

/**
 * Of the teams one in ten has no sidecars, one in ten has a Sidecar object, one in five isolates its pods from the network,
 * one in three is STRICT. One service in ten has an AuthorizationPolicy on identities, one in twenty a DestinationRule.
 */
export function* manifestsOf({ teams, workloads }: Shape): Generator<object, void, undefined> {
  for (let number = 0; number < teams; number += 1) {
    const team = teamName(number);
    const injection: Labels = number % 10 === 9 ? {} : { 'istio-injection': 'enabled' };
    yield made('v1', 'Namespace', '', team, undefined, { team, ...injection });
    if (number % 3 === 0) yield security('PeerAuthentication', team, 'default', { mtls: { mode: 'STRICT' } });
    if (number % 5 === 0) yield isolation(team);
    if (number % 10 === 4) {
      const egress = [{ hosts: ['./*', 'istio-system/*', `${teamName((number + 1) % teams)}/*`] }];
      yield made('networking.istio.io/v1', 'Sidecar', team, 'default', { egress });
    }
    const size = Math.floor(workloads / teams);
    for (let index = 0; index < size; index += 1) yield* application(team, index, teamName((number + 1) % teams));
  }
}

function* application(team: string, index: number, neighbour: string): Generator<object, void, undefined> {
  const name = `app-${String(index)}`;
  const labels = { app: name };
  const containers = [{ name: 'app', image: 'app', ports: [{ containerPort: 8080 }] }];
  const template = { metadata: { labels }, spec: { serviceAccountName: name, containers } };
  yield made('apps/v1', 'Deployment', team, name, { selector: { matchLabels: labels }, template });
  const port = { name: index % 7 === 0 ? 'tcp' : 'http', port: 80, targetPort: 8080 };
  yield made('v1', 'Service', team, name, { selector: labels, ports: [port] });
  if (index % 10 === 0) {
    const principals = [`cluster.local/ns/${neighbour}/sa/${name}`];
    const from = [{ source: { principals } }, { source: { namespaces: [team] } }];
    yield security('AuthorizationPolicy', team, name, { selector: { matchLabels: labels }, rules: [{ from }] });
  }
  if (index % 20 === 5) {
    const host = `${name}.${team}.svc.cluster.local`;
    const trafficPolicy = { tls: { mode: 'ISTIO_MUTUAL' } };
    yield made('networking.istio.io/v1', 'DestinationRule', team, name, { host, trafficPolicy });
  }
}

function isolation(team: string): object {
  const from = [{ podSelector: {} }, { namespaceSelector: { matchLabels: { 'istio-injection': 'enabled' } } }];
  return made('networking.k8s.io/v1', 'NetworkPolicy', team, 'ingress', { podSelector: {}, ingress: [{ from }] });
}

function security(kind: string, team: string, name: string, spec: object): object {
  return made('security.istio.io/v1', kind, team, name, spec);
}

function teamName(number: number): string {
  return `team-${String(number)}`;
}

function made(apiVersion: string, kind: string, namespace: string, name: string, spec?: object, labels: Labels = {}) {
  const metadata = { name, ...(namespace === '' ? {} : { namespace }), labels };
  return { apiVersion, kind, metadata, ...(spec === undefined ? {} : { spec }) };
}
