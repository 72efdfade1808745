/** What is in force otherwise than the scenario says, in words that can be set again. */
import { z } from 'zod';
import { hasCertificate, hasMode } from './change.ts';
import { podsOf, type RealityPod } from './pods.ts';
import type { Reality, RealityWorkload } from './reality.ts';

export const differenceSchema = z.strictObject({
  /** `namespace/name`, with `:port` where it is of a port. */
  target: z.string(),
  /** As it is set: `mode`, `app`, `certificate`, `identity`, `authorization`, `to=shop/cart:80 tls`. */
  key: z.string(),
  was: z.string(),
  is: z.string(),
});

/** `TARGET KEY=IS` makes it so again, and `TARGET KEY=WAS` takes it back. */
export type Difference = z.infer<typeof differenceSchema>;

type Facts = ReadonlyMap<string, string>;

/** In the order of the file. Of two realities of one scenario: nobody has come or gone. */
export function differences(before: Reality, now: Reality): readonly Difference[] {
  const workloads = Object.entries(now.workloads);
  return workloads.flatMap(([key, workload]) => {
    const earlier = before.workloads[key];
    if (earlier === undefined) return [];
    const podsBefore = new Map(podsOf(before).map((pod) => [pod.key, pod]));
    const ofPods = podsOf(now).flatMap((pod) => {
      const one = podsBefore.get(pod.key);
      return pod.workload !== key || one === undefined ? [] : differing(podFacts(one), podFacts(pod));
    });
    return [...ofPods, ...differing(workloadFacts(key, earlier, before), workloadFacts(key, workload, now))];
  });
}

function differing(before: Facts, now: Facts): Difference[] {
  return [...now].flatMap(([name, is]) => {
    const was = before.get(name) ?? '';
    const [target = '', ...key] = name.split(' ');
    return was === is ? [] : [{ target, key: key.join(' '), was, is }];
  });
}

function podFacts(pod: RealityPod): Facts {
  const ports = [...pod.ports].flatMap(([port, entry]): [string, string][] => [
    ...(hasMode(pod, entry) ? [[`${pod.key}:${String(port)} mode`, entry.mode] as [string, string]] : []),
    [`${pod.key}:${String(port)} app`, entry.app],
  ]);
  const certificate: [string, string][] = hasCertificate(pod)
    ? [
        [`${pod.key} certificate`, pod.certificate.state],
        [`${pod.key} identity`, pod.certificate.identity ?? 'own'],
      ]
    : [];
  return new Map([...ports, ...certificate]);
}

function workloadFacts(key: string, { authorization, outbound }: RealityWorkload, reality: Reality): Facts {
  const calls = Object.entries(reality.services).flatMap(([service, { ports }]) =>
    Object.keys(ports).map((port): [string, string] => {
      const entries = outbound.filter(({ to }) => to === service);
      const entry = entries.find((one) => one.port === Number(port)) ?? entries.find((one) => one.port === undefined);
      return [`${key} to=${service}:${port} tls`, entry?.tls ?? 'auto'];
    }),
  );
  return new Map([[`${key} authorization`, authorization.length === 0 ? 'off' : 'on'], ...calls]);
}
