/** A source and a target as they are typed, made into flows; a service without a port stands for all its ports. */
import { MeshproofError } from '../../proto/errors.ts';
import type { Flow, FlowProbe, FlowRequest } from '../declared/expectation.ts';
import type { Mesh, Service } from '../declared/mesh.ts';
import { nearest } from './nearest.ts';
import { flowTo } from './questions.ts';

export interface FlowFlags {
  readonly namespace?: string;
  readonly probe?: FlowProbe;
  readonly method?: string;
  readonly path?: string;
}

/** Throws MPE_USAGE for names that the declared state does not hold, with the nearest that it does. */
export function flowsTo(mesh: Mesh, source: string, target: string, flags: FlowFlags): readonly Flow[] {
  const from = sourceName(mesh, source, flags.namespace);
  const flows = targetFlows(mesh, from, target, flags.namespace);
  const request = requestOf(flags);
  return flows.map((flow) => ({
    ...flow,
    probe: flags.probe ?? flow.probe,
    ...(request === undefined ? {} : { request }),
  }));
}

export function sourceName(mesh: Mesh, text: string, namespace: string | undefined): string {
  if (text === 'kubelet' || /^(node|ip):/.test(text)) return text;
  const name = qualify(text, namespace);
  if (mesh.workloadsByKey.has(name) || mesh.podsByKey.has(name)) return name;
  throw notFound('workload or pod', name, [...mesh.workloadsByKey.keys(), ...mesh.podsByKey.keys()]);
}

export function serviceNamed(mesh: Mesh, text: string, namespace: string | undefined): Service {
  const name = qualify(text, namespace);
  const service = mesh.servicesByKey.get(name);
  if (service === undefined) throw notFound('service', name, [...mesh.servicesByKey.keys()]);
  return service;
}

function targetFlows(mesh: Mesh, source: string, text: string, namespace: string | undefined): Flow[] {
  const [, name = text, port] = /^(.*):(\d+)$/.exec(text) ?? [];
  const prefix = /^(pod|host|ip):/.exec(name)?.[1];
  if (prefix !== undefined) {
    if (port === undefined)
      throw new MeshproofError('MPE_USAGE', `${text} has no port`, { hint: `Write ${text}:PORT.` });
    if (prefix === 'pod') checkPod(mesh, name.slice('pod:'.length));
    return [{ id: '1', source, target: name, port: Number(port), probe: 'http' }];
  }
  const service = serviceNamed(mesh, name, namespace);
  const ports = service.ports.filter((one) => port === undefined || one.port === Number(port));
  if (ports.length === 0) {
    const known = service.ports.map((one) => String(one.port)).join(', ');
    throw new MeshproofError('MPE_USAGE', `service ${service.key} has no port ${port ?? 'at all'}`, {
      hint: known === '' ? 'Name a service with ports.' : `Its ports are ${known}.`,
    });
  }
  return ports.map((one, at) => flowTo(String(at + 1), source, service, one));
}

function checkPod(mesh: Mesh, name: string): void {
  if (mesh.podsByKey.has(name) || mesh.workloadsByKey.has(name)) return;
  throw notFound('pod or workload', name, [...mesh.podsByKey.keys(), ...mesh.workloadsByKey.keys()]);
}

function requestOf(flags: FlowFlags): FlowRequest | undefined {
  const { method, path } = flags;
  if (method === undefined && path === undefined) return undefined;
  return { ...(method === undefined ? {} : { method }), ...(path === undefined ? {} : { path }) };
}

/** Throws MPE_USAGE where neither the name nor the option says the namespace. */
export function qualify(text: string, namespace: string | undefined): string {
  if (text.includes('/')) return text;
  if (namespace !== undefined) return `${namespace}/${text}`;
  throw new MeshproofError('MPE_USAGE', `"${text}" has no namespace`, {
    hint: `Write it as NAMESPACE/${text}, or name the namespace with -n.`,
  });
}

function notFound(what: string, name: string, known: readonly string[]): MeshproofError {
  const close = nearest(name, known);
  return new MeshproofError('MPE_USAGE', `the declared state holds no ${what} ${name}`, {
    hint: close === undefined ? 'Name one that it holds, or give more manifests with -f.' : `Did you mean ${close}?`,
  });
}
