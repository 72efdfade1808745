/** A small mesh in which everything meets: few names, few labels, few ports. */
import fc from 'fast-check';
import type { Manifest, Service } from '../oracle/manifests.ts';
import { authorizationPolicy } from './authorization-policies.ts';
import { rarely } from './drawing.ts';
import { networkPolicy } from './network-policies.ts';
import { services } from './services.ts';
import { destinationRule, meshConfig, peerAuthentication, sidecar } from './transport-policies.ts';
import { namespaces, workloads } from './workloads.ts';
import type { Given } from './workloads.ts';

/** Every policy with each other kind of it now and then, and often without. */
function policies(given: Given): fc.Arbitrary<readonly Manifest[]> {
  return fc
    .tuple(
      fc.array(peerAuthentication, { maxLength: 5 }),
      fc.array(destinationRule, { maxLength: 3 }),
      rarely(fc.array(sidecar, { maxLength: 2 }), 5),
      rarely(fc.array(authorizationPolicy(given), { minLength: 1, maxLength: 4 }), 3),
      rarely(fc.array(networkPolicy(given), { maxLength: 2 }), 6),
      rarely(meshConfig, 6),
    )
    .map(([pas, rules, sidecars, aps, nps, config]) =>
      [
        ...pas,
        ...rules,
        ...(sidecars ?? []),
        ...(aps ?? []),
        ...(nps ?? []),
        ...(config === undefined ? [] : [config]),
      ].filter(isFirst),
    );
}

/** Objects of one kind, namespace and name are one object: the first drawn stays. */
function isFirst(object: Manifest, index: number, all: readonly Manifest[]): boolean {
  return all.findIndex((other) => keyOf(other) === keyOf(object)) === index;
}

export function keyOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}

export const manifests: fc.Arbitrary<readonly Manifest[]> = fc.oneof(of('pods'), of('pods'), of('templates'));

function of(given: Given): fc.Arbitrary<readonly Manifest[]> {
  const aims = fc.array(fc.nat(11), { minLength: 4, maxLength: 4 });
  return fc
    .tuple(namespaces, workloads(given), services, aims, policies(given))
    .map(([spaces, drawn, offered, aim, declared]) => [
      ...spaces,
      ...drawn,
      ...offered.map((service, index) => aimed(service, drawn, aim[index] ?? 0)),
      ...declared,
    ]);
}

/** Most Services are moved to where there is a workload for them; two of twelve stay as drawn, whatever they select. */
function aimed(service: Service, drawn: readonly Manifest[], aim: number): Service {
  const deployments = drawn.filter((object) => object.kind === 'Deployment');
  const target = deployments[aim % deployments.length];
  if (target === undefined || aim > 9) return service;
  const { namespace, name } = target.metadata;
  const isByName = service.spec.selector?.['app'] !== undefined || aim % 3 !== 0;
  return {
    ...service,
    metadata: { ...service.metadata, ...(namespace === undefined ? {} : { namespace }) },
    spec: { ...service.spec, ...(isByName ? { selector: { app: name } } : {}) },
  };
}
