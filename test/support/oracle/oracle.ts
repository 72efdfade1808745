/**
 * A second opinion on what manifests say of a flow: slow, with nothing remembered from one question to the next, and
 * written from the same specification as the engine without sharing a line with it. It knows sidecars and pods without
 * one, Services and pods as targets; nothing of ambient mode, gateways, VirtualServices, tokens or health checks.
 */
import type { DeclaredTransport, Flow, OutcomeCode } from '../../../controller/declared/expectation.ts';
import { authorize } from './authorization.ts';
import type { Judged } from './authorization.ts';
import { egressOf } from './egress.ts';
import type { Dialled, Egress } from './egress.ts';
import { arrive } from './inbound.ts';
import type { Arrival, Arriving } from './inbound.ts';
import type { Manifest } from './manifests.ts';
import { meshSettings } from './mesh-settings.ts';
import type { MeshSettings } from './mesh-settings.ts';
import { isolating } from './network-policy.ts';
import { modeOfPort } from './peer-authentication.ts';
import { isCaptured, isOutboundExcluded, podsNamed } from './pods.ts';
import type { OraclePod } from './pods.ts';
import { judgedPath } from './request-path.ts';
import { endpointsOf, inboundClass, isHeadless, portOf, servicesOf } from './services.ts';
import type { Endpoint } from './services.ts';
import { speechTo } from './transport.ts';
import type { Speech } from './transport.ts';

/** Who is named as the one that decides: exactly these, some of them, or perhaps some of them. */
export interface Deciders {
  readonly are: 'all' | 'some' | 'perhaps some';
  readonly keys: readonly string[];
}

export interface Opinion {
  /** `namespace/pod`; null: no pod had a say. */
  readonly pod: string | null;
  readonly expect: 'allow' | 'deny';
  readonly outcome: OutcomeCode;
  readonly transport: DeclaredTransport;
  readonly identity: string | null;
  readonly deciders: Deciders;
}

/** What the world looks like, and what is asked. */
interface Case {
  readonly objects: readonly Manifest[];
  readonly settings: MeshSettings;
  readonly flow: Flow;
  readonly source: OraclePod;
}

/** One opinion an endpoint that may be met; one in all where none is. */
export function opinions(objects: readonly Manifest[], flow: Flow): readonly Opinion[] {
  const [source] = podsNamed(objects, flow.source);
  if (source === undefined) throw new Error(`no pod is ${flow.source}`);
  const asked: Case = { objects, settings: meshSettings(objects), flow, source };
  return dialled(objects, flow).flatMap((target) => opinionsOf(asked, target));
}

function dialled(objects: readonly Manifest[], { target, port }: Flow): readonly Dialled[] {
  if (target.startsWith('pod:')) {
    return podsNamed(objects, target.slice('pod:'.length)).map((pod) => ({ kind: 'pod', pod, port }));
  }
  const service = servicesOf(objects).find(
    ({ metadata }) => `${metadata.namespace ?? 'default'}/${metadata.name}` === target,
  );
  if (service === undefined) throw new Error(`no service is ${target}`);
  return [{ kind: 'service', service, port }];
}

function opinionsOf(asked: Case, target: Dialled): readonly Opinion[] {
  const { objects, settings, flow, source } = asked;
  const isProxied = source.isMeshed && !isOutboundExcluded(source, flow.port);
  const isHttp = flow.probe === 'http' || flow.probe === 'grpc';
  // The name of a headless Service without pods leads nowhere: nothing is dialled.
  const isNameless = target.kind === 'service' && isHeadless(target.service) && reached(objects, target).length === 0;
  if (isNameless) return [nowhere('NO_ENDPOINTS', [])];
  const egress: Egress = isProxied
    ? egressOf(objects, settings, source, { dialled: target, isHttp, host: flow.request?.host ?? '' })
    : { kind: 'passthrough', by: null };
  if (egress.kind === 'blackhole') {
    return [nowhere('CLIENT_BLACKHOLE', egress.by === null ? [] : [egress.by])];
  }
  // The cluster of a headless Service goes where was dialled; so does what merely passes.
  const isBalanced = egress.kind === 'cluster' && !isHeadless(egress.service);
  const endpoints = isBalanced ? endpointsOf(objects, egress.service, egress.port) : reached(objects, target);
  if (endpoints.length === 0) return [nowhere('NO_ENDPOINTS', [])];
  return endpoints.map((endpoint) => {
    const speech: Speech =
      egress.kind === 'cluster'
        ? speechTo(objects, settings, source, egress, endpoint)
        : { tls: 'none', isDictated: false, isHttpAware: false, by: egress.by === null ? [] : [egress.by] };
    return at(asked, endpoint, isProxied ? speech : null);
  });
}

function reached(objects: readonly Manifest[], target: Dialled): readonly Endpoint[] {
  if (target.kind === 'pod') return [{ pod: target.pod, port: target.port }];
  const port = portOf(target.service, target.port);
  return port === undefined ? [] : endpointsOf(objects, target.service, port);
}

const ALLOWED = { plaintext: 'ALLOW_PLAINTEXT', mtls: 'ALLOW_MTLS', tls: 'ALLOW_OPAQUE_TLS' } as const;

/** `speech` is what the caller's proxy adds; null: the probe itself is on the wire. */
function at(asked: Case, endpoint: Endpoint, speech: Speech | null): Opinion {
  const { objects, settings, source } = asked;
  const { pod, port } = endpoint;
  const name = `${pod.namespace}/${pod.name}`;
  const closed = isolating(objects, source, pod, port);
  if (closed !== null) {
    // The caller's end comes first.
    const policies = closed.Egress.length > 0 ? closed.Egress : closed.Ingress;
    return { pod: name, ...refusal('DENY_NETPOL'), deciders: { are: 'all', keys: policies.map(keyOf) } };
  }
  const arriving = arrivingFrom(asked, speech);
  if (!isCaptured(pod, port)) return { pod: name, ...atApplication(arriving, speech, pod) };

  const mode = modeOfPort(objects, settings, pod, port);
  const arrival = arrive(inboundClass(objects, pod, port), mode.mode, arriving);
  const byMode = mode.by === null ? [] : [keyOf(mode.by)];
  if (arrival.kind === 'refused') {
    return { pod: name, ...atDoor(arrival, arriving, speech, byMode, pod) };
  }
  const verdict = authorize(objects, settings, pod, judgedFrom(asked, endpoint, arrival));
  const { transport, identity, isHttp } = arrival;
  if (!verdict.isAllowed) {
    const outcome = isHttp ? 'DENY_AUTHZ_HTTP' : 'DENY_AUTHZ_TCP';
    const path = verdict.rule === null ? '' : `#spec.rules[${String(verdict.rule)}]`;
    const deciders: Deciders = { are: 'all', keys: verdict.by.map((policy) => `${keyOf(policy)}${path}`) };
    return { pod: name, expect: 'deny', outcome, transport, identity, deciders };
  }
  const permitting = verdict.by.map((policy) => `${keyOf(policy)}#spec.rules[${String(verdict.rule)}]`);
  const deciders: Deciders = { are: 'all', keys: permitting.length > 0 ? permitting : byMode };
  const passed = { pod: name, outcome: ALLOWED[transport], transport, identity, deciders };
  // A caller behind a proxy that adds TLS gets no answer that it could read: the application speaks none.
  return transport === 'tls' && speech !== null
    ? { ...passed, expect: 'deny', deciders: amongEnds(byMode, speech, pod) }
    : { ...passed, expect: 'allow' };
}

/** No proxy in front: the application itself sees what was sent. */
function atApplication(arriving: Arriving, speech: Speech | null, pod: OraclePod): Omit<Opinion, 'pod'> {
  if (speech !== null && arriving.tls !== null) {
    return { ...refusal('CLIENT_TLS_MISMATCH'), deciders: amongEnds([], speech, pod) };
  }
  return {
    expect: 'allow',
    outcome: speech !== null && !pod.isMeshed ? 'ALLOW_PLAINTEXT' : 'ALLOW_UNCAPTURED',
    transport: arriving.tls === null ? 'plaintext' : 'tls',
    identity: null,
    deciders: { are: 'all', keys: pod.isMeshed ? [podKey(pod)] : [] },
  };
}

/** The two ends disagree: whatever made either of them what it is may be named. */
function amongEnds(byMode: readonly string[], speech: Speech, pod: OraclePod): Deciders {
  const keys = [...byMode, ...speech.by.map(keyOf), podKey(pod)];
  return { are: speech.isDictated || byMode.length > 0 ? 'some' : 'perhaps some', keys };
}

/** Refused before any filter: a client proxy turns most of it into an error of its own. */
function atDoor(
  arrival: Extract<Arrival, { kind: 'refused' }>,
  arriving: Arriving,
  speech: Speech | null,
  byMode: readonly string[],
  pod: OraclePod,
): Omit<Opinion, 'pod'> {
  const isOurs = arrival.outcome === 'DENY_STRICT' || (arriving.tls !== null && arrival.isOverTls);
  if (speech === null || !isOurs) {
    return { ...refusal(arrival.outcome), deciders: { are: 'all', keys: byMode } };
  }
  return { ...refusal('CLIENT_TLS_MISMATCH'), deciders: amongEnds(byMode, speech, pod) };
}

function arrivingFrom({ objects, settings, flow, source }: Case, speech: Speech | null): Arriving {
  const isHttp = flow.probe === 'http' || flow.probe === 'grpc';
  const own = spiffe(settings, source);
  switch (speech?.tls) {
    case 'istio': {
      const ofHttp = flow.probe === 'grpc' ? 'istio-h2' : 'istio-http/1.1';
      const alpn = isHttp && speech.isHttpAware ? [ofHttp, 'istio'] : ['istio'];
      return { isHttp, tls: { alpn, certificate: 'valid', identity: own } };
    }
    case 'simple':
      return { isHttp, tls: { alpn: [], certificate: 'none', identity: null } };
    case 'mutual':
      throw new Error('the oracle does not know what certificate MUTUAL presents');
    case 'none':
      return { isHttp, tls: null };
    case undefined:
      return asProbed();
  }

  function asProbed(): Arriving {
    if (flow.probe !== 'tls' && flow.probe !== 'mtls') return { isHttp, tls: null };
    const certificate = flow.tls?.certificate ?? (flow.probe === 'tls' ? 'none' : 'valid');
    return {
      isHttp: flow.request !== undefined,
      tls: { alpn: flow.tls?.alpn ?? [], certificate, identity: certificateOf() },
    };
  }

  function certificateOf(): string {
    const [bearer = source] = flow.tls?.as === undefined ? [] : podsNamed(objects, flow.tls.as);
    return spiffe(settings, bearer);
  }
}

function judgedFrom(
  { settings, flow, source }: Case,
  { pod, port }: Endpoint,
  arrival: Extract<Arrival, { kind: 'chain' }>,
): Judged {
  const { method = 'GET', path = '/', host = '', headers = {} } = flow.request ?? {};
  return {
    identity: arrival.identity,
    sourceAddress: source.address,
    destinationAddress: pod.address,
    port,
    http: arrival.isHttp ? { method, host, headers, path: judgedPath(path, settings.pathNormalization) } : null,
  };
}

function spiffe({ trustDomain }: MeshSettings, { namespace, serviceAccount }: OraclePod): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

function keyOf(object: Manifest): string {
  return `${object.kind} ${object.metadata.namespace ?? 'default'}/${object.metadata.name}`;
}

function podKey({ namespace, name }: OraclePod): string {
  return `Pod ${namespace}/${name}`;
}

function refusal(outcome: OutcomeCode): Pick<Opinion, 'expect' | 'outcome' | 'transport' | 'identity'> {
  return { expect: 'deny', outcome, transport: 'none', identity: null };
}

function nowhere(outcome: OutcomeCode, by: readonly Manifest[]): Opinion {
  return { pod: null, ...refusal(outcome), deciders: { are: 'all', keys: by.map(keyOf) } };
}
