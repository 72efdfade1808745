/** A flow and what is declared of it as a cell that nobody has measured, so that the judge's rules can be asked about it. */
import type { DataPlane, Probe, Target, Vantage } from '../../proto/vocabulary.ts';
import { probeKey, targetKey } from '../../proto/vocabulary.ts';
import { findCaller } from '../declared/ends.ts';
import type { Expectation, Flow } from '../declared/expectation.ts';
import { healthCheckOf } from '../declared/health.ts';
import type { Mesh } from '../declared/mesh.ts';
import type { Cell } from '../judge/finding.ts';
import { OUTSIDE } from './questions.ts';

/** Null for flows that have no place in a matrix: to or from something outside, HBONE by hand, a gateway's own calls. */
export function declaredCell(mesh: Mesh, flow: Flow, expectation: Expectation): Cell | null {
  const vantage = vantageOf(mesh, flow.source);
  const target = targetOf(mesh, flow);
  const probe = probeOf(mesh, flow);
  if (vantage === null || target === null || probe === null) return null;
  const source = flow.source === OUTSIDE ? 'outside' : flow.source;
  return {
    table: probe.kind === 'health' ? 'health' : target.kind === 'pod' ? 'transport' : 'reachability',
    key: `${source} → ${targetKey(target)} ${probeKey(probe)}`,
    vantage,
    source,
    target,
    probe,
    expectation,
    outcome: { kind: 'untested', why: 'no-agent', detail: '' },
    attempts: [],
    drift: 'unknown',
    isFlapping: false,
    cause: null,
  };
}

function vantageOf(mesh: Mesh, source: string): Vantage | null {
  const caller = findCaller(mesh, source);
  if (caller === null) return null;
  if (caller.kind === 'outside') return { namespace: '', serviceAccount: source, dataPlane: 'naked' };
  if (caller.kind !== 'pod') return { namespace: '', serviceAccount: source, dataPlane: 'host' };
  const { namespace, serviceAccount, dataPlane } = caller.pod;
  return isDataPlane(dataPlane) ? { namespace, serviceAccount, dataPlane } : null;
}

function isDataPlane(plane: string): plane is DataPlane {
  return plane !== 'gateway' && plane !== 'waypoint';
}

function targetOf(mesh: Mesh, { target, port, via, request }: Flow): Target | null {
  const [, kind, namespace, name] = /^(pod:)?([^/:]+)\/([^/]+)$/.exec(target) ?? [];
  if (namespace === undefined || name === undefined) return null;
  if (kind !== undefined) return { kind: 'pod', namespace, name, port };
  if (via === undefined) return { kind: 'service', namespace, name, port };
  const [gatewayNamespace = '', gateway = ''] = via.split('/');
  const route = mesh.gatewayRoutes.find((one) => one.gateway === via && one.backend.service === target);
  const hop = { namespace: gatewayNamespace, name: gateway, port: route?.port ?? 0, host: request?.host ?? '' };
  return { kind: 'service', namespace, name, port, via: hop };
}

function probeOf(mesh: Mesh, flow: Flow): Probe | null {
  const alpn = flow.tls?.alpn ?? [];
  switch (flow.probe) {
    case 'http':
      return { kind: 'http', method: flow.request?.method ?? 'GET', path: flow.request?.path ?? '/' };
    case 'tcp':
    case 'tcp-silent':
      return { kind: 'tcp' };
    case 'grpc':
      return { kind: 'grpc' };
    case 'tls':
      return { kind: 'tls', alpn };
    case 'mtls':
      return { kind: 'mtls', alpn, application: flow.request === undefined ? 'tcp' : 'http' };
    case 'hbone':
      return null;
    case 'health':
      return healthProbe(mesh, flow);
  }
}

function healthProbe(mesh: Mesh, flow: Flow): Probe | null {
  const pod = mesh.podsByKey.get(flow.target.replace(/^pod:/, ''));
  const check = pod === undefined ? null : healthCheckOf(pod, flow.health);
  if (check?.kind !== 'network') return null;
  const { container, kubelet } = check;
  return { kind: 'health', container, check: check.check, variant: 'kubelet', action: kubelet.action };
}
