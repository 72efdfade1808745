/** The path of an HTTP probe: one that its target answers without being changed by it. */
import type { Mesh, Pod, Service, ServiceEndpoint } from '../declared/mesh.ts';
import { fields, list } from '../declared/reading.ts';
import { isPath, wishedPath } from './wishes.ts';

export interface Asked {
  readonly service?: Service;
  /** Sorted; the first one that says something speaks for all. */
  readonly pods: readonly Pod[];
  /** Of the container. */
  readonly port?: number;
}

/**
 * The annotation `meshproof.io/path`; otherwise the path of the HTTP readiness check on that port, which the kubelet asks
 * for all the time; otherwise `/`. Where AuthorizationPolicies tell paths apart it is `/`, too: the path of a check is the
 * one that everybody may see, and an answer there would say nothing of the rest.
 */
export function pathFor(mesh: Mesh, { service, pods, port }: Asked): string {
  const wished = wishedPath(mesh, service, pods);
  if (wished !== undefined) return wished;
  if (port === undefined || pods.some((pod) => hasPathRules(mesh, pod))) return '/';
  return pods.map((pod) => readinessPath(pod, port)).find(isPath) ?? '/';
}

/** Pods behind the endpoints of a Service's port, and the container port of the first. */
export function askedBehind(mesh: Mesh, service: Service, endpoints: readonly ServiceEndpoint[]): Asked {
  const pods = endpoints.flatMap(({ pod }) => mesh.podsByKey.get(pod ?? '') ?? []);
  const [first] = endpoints;
  return { service, pods, ...(first !== undefined && { port: first.port }) };
}

function readinessPath(pod: Pod, port: number): string | undefined {
  for (const check of pod.healthChecks) {
    if (check.kind === 'exec' || check.check !== 'readiness' || check.original.port !== port) continue;
    const { action } = check.original;
    if (action.kind === 'httpGet' && action.scheme === 'HTTP') return action.path;
  }
  return undefined;
}

function hasPathRules(mesh: Mesh, pod: Pod): boolean {
  const { custom, deny, allow } = mesh.authorizationOf(pod);
  return [...custom, ...deny, ...allow].some(({ spec }) =>
    list(fields(spec)['rules']).some((rule) =>
      list(fields(rule)['to']).some((to) => {
        const { paths, notPaths } = fields(to, 'operation');
        return list(paths).length + list(notPaths).length > 0;
      }),
    ),
  );
}
