/** Which ports of a pod lead through its proxy, and which of its calls do. */
import { rangeMatcher } from './ip-ranges.ts';
import type { InboundCapture, OutboundCapture, Pod } from './model.ts';
import type { MeshConfig } from './mesh-config.ts';
import type { Labels } from './selector.ts';
import type { TrailAgent } from './trail.ts';

const ENVOY_METRICS = 15090;
const READINESS = 15021;
export const HBONE_PORT = 15008;
const OWN_LISTENERS: ReadonlySet<number> = new Set([15001, 15006]);

/**
 * Inbound redirection of a sidecar. An explicit include list is the whole truth: the exclude list is then not consulted.
 * istio: tools/istio-iptables/pkg/capture/run.go:handleInboundPortsInclude, cni/pkg/plugin/sidecar_redirect.go:NewRedirect
 */
export function inboundCapture(annotations: Labels, config: MeshConfig): InboundCapture {
  if (annotations['sidecar.istio.io/interceptionMode'] === 'NONE') return { kind: 'nothing', by: 'interceptionMode' };
  const include = annotations['traffic.sidecar.istio.io/includeInboundPorts'] ?? config.injection.includeInboundPorts;
  if (include.trim() === '') return { kind: 'nothing', by: 'includeInboundPorts' };
  if (include.trim() !== '*') return { kind: 'only', ports: portSet(include) };
  const exclude = annotations['traffic.sidecar.istio.io/excludeInboundPorts'] ?? config.injection.excludeInboundPorts;
  return {
    kind: 'all-but',
    reserved: new Set([ENVOY_METRICS, READINESS, HBONE_PORT, statusPort(annotations, config)]),
    excluded: portSet(exclude),
  };
}

/** The agent's port for rewritten health checks and merged metrics. */
export function statusPort(annotations: Labels, config: MeshConfig): number {
  const given = Number(annotations['status.sidecar.istio.io/port'] ?? '');
  return Number.isInteger(given) && given > 0 ? given : config.injection.statusPort;
}

/** istio: tools/istio-iptables/pkg/capture/run.go:Run */
export function outboundCapture(annotations: Labels, isProxied: boolean): OutboundCapture {
  const include = annotations['traffic.sidecar.istio.io/includeOutboundIPRanges'];
  return {
    isCaptured: isProxied && annotations['sidecar.istio.io/interceptionMode'] !== 'NONE',
    excludedPorts: portSet(annotations['traffic.sidecar.istio.io/excludeOutboundPorts'] ?? ''),
    excludedRanges: split(annotations['traffic.sidecar.istio.io/excludeOutboundIPRanges'] ?? ''),
    includedRanges: include === undefined ? ['*'] : split(include),
  };
}

/**
 * Does a call to this address meet the caller's proxy? Null: ranges decide, and the address is not known. No range at all
 * to include, and nothing is captured.
 * istio: tools/istio-iptables/pkg/capture/run.go:Run, handleOutboundIncludeRules
 */
export function capturesAddress(outbound: OutboundCapture, address = ''): boolean | null {
  const { excludedRanges, includedRanges } = outbound;
  if (includedRanges.length === 0) return false;
  const isEverything = includedRanges.includes('*');
  if (isEverything && excludedRanges.length === 0) return true;
  if (address === '') return null;
  const isIn = (ranges: readonly string[]): boolean => ranges.some((range) => rangeMatcher(range)?.(address) === true);
  return !isIn(excludedRanges) && (isEverything || isIn(includedRanges));
}

export interface PortCapture {
  readonly result: 'captured' | 'bypassed' | 'absent';
  readonly by?: TrailAgent;
}

/** Does a connection to this port of the pod meet the pod's sidecar? */
export function portCapture(pod: Pod, port: number): PortCapture {
  if (pod.dataPlane !== 'sidecar') return { result: 'absent', by: pod.isHostNetwork ? 'host-network' : 'not-injected' };
  const { inbound } = pod;
  switch (inbound.kind) {
    case 'nothing':
      return { result: 'bypassed', by: inbound.by };
    case 'only':
      return inbound.ports.has(port) ? { result: 'captured' } : { result: 'bypassed', by: 'includeInboundPorts' };
    case 'all-but':
      if (inbound.reserved.has(port)) return { result: 'bypassed', by: 'reserved-port' };
      return inbound.excluded.has(port) ? { result: 'bypassed', by: 'excludeInboundPorts' } : { result: 'captured' };
  }
}

/** Envoy's own listeners: whoever dials them directly is accepted and closed. */
export function isProxyListener(pod: Pod, port: number): boolean {
  return pod.dataPlane === 'sidecar' && OWN_LISTENERS.has(port);
}

function split(value: string): readonly string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function portSet(value: string): ReadonlySet<number> {
  return new Set(
    split(value)
      .map(Number)
      .filter((port) => Number.isInteger(port)),
  );
}
