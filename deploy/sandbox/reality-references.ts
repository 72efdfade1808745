/** Names and ports in a reality that must be there: endpoints, routes, outbound entries, pods that are named once. */
import { podsOf, portsOf, endpointPods } from './pods.ts';
import type { Reality } from './reality.ts';

export interface Complaint {
  /** Path into the document; list items by their number. */
  readonly path: readonly string[];
  readonly message: string;
  /** The name at the path's end is at fault, not what it holds. */
  readonly isAboutKey?: boolean;
}

/** Everything that points nowhere. Empty: the reality is whole. */
export function checkReferences(reality: Reality): readonly Complaint[] {
  return [...podNames(reality), ...serviceEndpoints(reality), ...outboundEntries(reality), ...gatewayRoutes(reality)];
}

function podNames(reality: Reality): Complaint[] {
  const seen = new Set<string>();
  return Object.entries(reality.workloads).flatMap(([workload, { pods }]) => {
    const [namespace = '', name = ''] = workload.split('/');
    return (pods ?? [{ name }]).flatMap((pod, index): Complaint[] => {
      const key = `${namespace}/${pod.name}`;
      if (!seen.has(key)) {
        seen.add(key);
        return [];
      }
      const path = pods === undefined ? [] : ['pods', String(index), 'name'];
      return [{ path: ['workloads', workload, ...path], message: `a second pod ${key}, expected every pod once` }];
    });
  });
}

function serviceEndpoints(reality: Reality): Complaint[] {
  const pods = podsOf(reality);
  return Object.entries(reality.services).flatMap(([key, service]) => {
    const unknown = service.endpoints.flatMap((endpoint, index): Complaint[] =>
      endpointPods([endpoint], pods).length > 0
        ? []
        : [
            {
              path: ['services', key, 'endpoints', String(index)],
              message: `endpoint ${endpoint} is no workload or pod, expected one of ${Object.keys(reality.workloads).join(', ')}`,
            },
          ],
    );
    const misaimed = Object.entries(service.ports).flatMap(([port, { targetPort }]): Complaint[] => {
      const pod = endpointPods(service.endpoints, pods).find((each) => !portsOf(each).includes(targetPort));
      if (pod === undefined) return [];
      const path = ['services', key, 'ports', port, 'targetPort'];
      return [
        {
          path,
          message: `targetPort ${String(targetPort)} is no port of pod ${pod.key}, expected ${oneOf(portsOf(pod))}`,
        },
      ];
    });
    return [...unknown, ...misaimed];
  });
}

function outboundEntries(reality: Reality): Complaint[] {
  return Object.entries(reality.workloads).flatMap(([workload, { outbound }]) =>
    outbound.flatMap((entry, index) =>
      servicePort(reality, ['workloads', workload, 'outbound', String(index)], entry.to, 'to', entry.port, 'port'),
    ),
  );
}

function gatewayRoutes(reality: Reality): Complaint[] {
  return Object.entries(reality.workloads).flatMap(([workload, { gateway }]) =>
    (gateway?.routes ?? []).flatMap((route, index) =>
      servicePort(
        reality,
        ['workloads', workload, 'gateway', 'routes', String(index)],
        route.to,
        'to',
        route.toPort,
        'toPort',
      ),
    ),
  );
}

function servicePort(
  reality: Reality,
  path: readonly string[],
  service: string,
  serviceField: string,
  port: number | undefined,
  portField: string,
): Complaint[] {
  const known = reality.services[service];
  if (known === undefined) {
    const names = Object.keys(reality.services).join(', ') || 'a service (there is none)';
    return [{ path: [...path, serviceField], message: `service ${service} does not exist, expected one of ${names}` }];
  }
  if (port === undefined || known.ports[String(port)] !== undefined) return [];
  const ports = Object.keys(known.ports).map(Number);
  const message = `service ${service} has no port ${String(port)}, expected ${oneOf(ports)}`;
  return [{ path: [...path, portField], message }];
}

function oneOf(ports: readonly number[]): string {
  return ports.length === 0 ? 'a port (there is none)' : `one of ${ports.map(String).join(', ')}`;
}
