/** The engine for many flows: callers that nothing declared tells apart share one answer, which is evaluated once. */
import { callerKeys } from './classes-caller.ts';
import { partitions } from './classes-target.ts';
import type { Partition, SeenCaller } from './classes-target.ts';
import { findCaller } from './ends.ts';
import { expectFlow } from './expect.ts';
import type { EndpointExpectation, Expectation, Flow, FlowProbe, TrailStep } from './expectation.ts';
import { callerFacts } from './flow-facts.ts';
import type { Mesh } from './mesh.ts';
import type { Service, ServicePort } from './model.ts';

export interface CallerNames {
  readonly pod: string;
  readonly identity: string;
}

/** Stand in a shared answer for whoever asks. No SPIFFE id is like it. */
const ASKER: CallerNames = { pod: '<pod>', identity: '<identity>' };

/** What holds for a flow. Kept as long as the classes are, and the same object for all flows of a class. */
export interface ClassAnswer {
  /** Where there are names: with words of the classes' own in place of them. */
  readonly shared: Expectation;
  /** Null: the flow is in a class of its own, and `shared` is its answer. */
  readonly names: CallerNames | null;
}

export interface ExpectationClasses {
  readonly answer: (flow: Flow) => ClassAnswer;
  /** The same as `expectFlow`, to the byte. */
  readonly expect: (flow: Flow) => Expectation;
}

/** Answers that are kept by default; about 300 bytes each. */
const KEPT_ANSWERS = 1_000_000;

interface Asker extends SeenCaller {
  readonly source: string;
  /** Null: alone in its class. */
  readonly key: string | null;
  readonly names: CallerNames;
}

interface Door {
  readonly target: string;
  readonly port: number;
  readonly probe: FlowProbe;
  readonly number: number;
  /** Null: every flow is in a class of its own. */
  readonly partition: Partition | null;
  /** The one that was asked for after it. */
  next: Door | null;
}

/**
 * Evaluates as many flows as there are classes of callers for each target: cost grows with classes and endpoints, and only
 * the look-up with flows. Fastest where flows come caller by caller. Past `keptAnswers` all are forgotten, and evaluated
 * again when asked for.
 */
export function expectationClasses(mesh: Mesh, keptAnswers: number = KEPT_ANSWERS): ExpectationClasses {
  const findAsker = askers(mesh);
  const findDoor = doors(mesh);
  const intern = interned();
  /** By class of callers, then by door, then by the number that the door gives the caller. */
  let rows = new Map<string, Expectation[][]>();
  let kept = 0;
  let asker: Asker | null = null;
  let row: Expectation[][] = [];

  const answer = (flow: Flow): ClassAnswer => {
    if (asker?.source !== flow.source) {
      asker = findAsker(flow.source);
      row = asker?.key === undefined || asker.key === null ? [] : rowOf(asker.key);
    }
    const door = isPlain(flow) ? findDoor(flow) : null;
    if (door === null || door.partition === null || asker === null || asker.key === null) {
      return { shared: expectFlow(mesh, flow), names: null };
    }
    const answers = (row[door.number] ??= []);
    const number = door.partition(asker);
    const shared = answers[number] ?? evaluated(flow, asker.names);
    answers[number] = shared;
    return { shared, names: asker.names };
  };

  const rowOf = (key: string): Expectation[][] => {
    if (kept > keptAnswers) {
      rows = new Map();
      kept = 0;
    }
    const found = rows.get(key) ?? [];
    rows.set(key, found);
    return found;
  };

  const evaluated = (flow: Flow, names: CallerNames): Expectation => {
    kept += 1;
    return intern(renamed(expectFlow(mesh, flow), names, ASKER));
  };

  return {
    answer,
    expect: (flow) => {
      const { shared, names } = answer(flow);
      return names === null ? shared : inNameOf(names, shared);
    },
  };
}

/** A shared answer with a caller's own names in it. */
export function inNameOf(names: CallerNames, shared: Expectation): Expectation {
  return renamed(shared, ASKER, names);
}

/** The caller's pod is named by the first stage alone; its identity wherever somebody has seen it. */
function renamed(expectation: Expectation, from: CallerNames, to: CallerNames): Expectation {
  const trailOf = (trail: readonly TrailStep[]): readonly TrailStep[] =>
    trail.map((step) => {
      if (step.stage === 'source') return { ...step, note: to.pod };
      return step.stage === 'identity' && step.note === from.identity ? { ...step, note: to.identity } : step;
    });
  const identityOf = (identity: string | null): string | null => (identity === from.identity ? to.identity : identity);
  const { identity, trail, endpoints } = expectation;
  const common = { ...expectation, identity: identityOf(identity), trail: trailOf(trail) };
  if (endpoints === undefined) return common;
  const renamedEnd = (end: EndpointExpectation): EndpointExpectation => ({
    ...end,
    identity: identityOf(end.identity),
    trail: trailOf(end.trail),
  });
  return { ...common, endpoints: endpoints.map(renamedEnd) };
}

/** Nothing in it but who, where, and by which protocol. */
function isPlain({ probe, via, request, tls }: Flow): boolean {
  return via === undefined && request === undefined && tls === undefined && probe !== 'health' && probe !== 'hbone';
}

/** Null: nobody, or nobody with a name that could be exchanged. */
function askers(mesh: Mesh): (source: string) => Asker | null {
  const keyOf = callerKeys(mesh);
  return (source) => {
    const caller = findCaller(mesh, source);
    if (caller?.kind !== 'pod' || caller.isMixed) return null;
    const { pod } = caller;
    const { identity, address } = callerFacts(mesh, caller);
    return {
      source,
      key: keyOf(pod),
      names: { pod: pod.key, identity: identity ?? '' },
      peer: { pod, address },
      request: {
        identity,
        sourceAddress: address,
        remoteAddress: address,
        destinationAddress: null,
        port: 0,
        serverName: '',
      },
    };
  };
}

/** Names that a Host header leads back to; anything else may be taken for another service. */
const PLAIN_NAME = /^[a-z0-9-]+$/;

/** Null: no service of that name has that port. */
function doors(mesh: Mesh): (flow: Flow) => Door | null {
  const partitionOf = partitions(mesh);
  const byTarget = new Map<string, Door[]>();
  let count = 0;
  let last: Door | null = null;

  const found = (flow: Flow): Door | null => {
    const known = byTarget.get(flow.target)?.find((door) => isAt(door, flow));
    if (known !== undefined) return known;
    const service = mesh.servicesByKey.get(flow.target);
    const port = service?.ports.find((candidate) => candidate.port === flow.port);
    if (service === undefined || port === undefined) return null;
    const { target, port: number, probe } = flow;
    const partition = isOrdinary(mesh, service, port) ? partitionOf(service, port) : null;
    const door: Door = { target, port: number, probe, number: count, partition, next: null };
    byTarget.set(target, [...(byTarget.get(target) ?? []), door]);
    count += 1;
    return door;
  };

  // Callers mostly try the same doors in the same order.
  return (flow) => {
    const next = last?.next ?? null;
    const door = next !== null && isAt(next, flow) ? next : found(flow);
    if (last !== null) last.next = door;
    last = door;
    return door;
  };
}

function isAt(door: Door, { target, port, probe }: Flow): boolean {
  return door.target === target && door.port === port && door.probe === probe;
}

/** Its name means this service and no other, and there is no hop at it that is not a waypoint. */
function isOrdinary(mesh: Mesh, service: Service, port: ServicePort): boolean {
  const { externalName, name, namespace, fqdn } = service;
  const isGateway = port.endpoints.some(({ pod }) => mesh.podsByKey.get(pod ?? '')?.dataPlane === 'gateway');
  const isPlainName = PLAIN_NAME.test(name) && PLAIN_NAME.test(namespace) && fqdn === fqdn.toLowerCase();
  return externalName === undefined && isPlainName && !isGateway;
}

/** Steps of the same words become the same object, so that a kept answer is small. */
function interned(): (expectation: Expectation) => Expectation {
  const steps = new Map<string, TrailStep>();
  const trailOf = (trail: readonly TrailStep[]): readonly TrailStep[] =>
    trail.map((step) => {
      const text = JSON.stringify(step);
      const known = steps.get(text) ?? step;
      steps.set(text, known);
      return known;
    });
  return (expectation) => {
    const { trail, endpoints } = expectation;
    const common = { ...expectation, trail: trailOf(trail) };
    if (endpoints === undefined) return common;
    return { ...common, endpoints: endpoints.map((end) => ({ ...end, trail: trailOf(end.trail) })) };
  };
}
