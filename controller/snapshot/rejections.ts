/** Objects that an API server would not have taken: they are evaluated as Istio treats them, and reported with their place. */
import { rangeMatcher } from '../declared/ip-ranges.ts';
import { fields, integer, isFields, list, text, texts } from '../declared/reading.ts';
import type { Fields } from '../declared/reading.ts';
import type { K8sObject } from '../declared/objects.ts';
import { ruleRejections } from './rejected-rules.ts';

export interface Rejection {
  /** As `positionOf` takes it. */
  readonly path: string;
  /** What is wrong, as the end of a sentence about the object. */
  readonly why: string;
}

type Check = (spec: Fields, object: K8sObject) => readonly Rejection[];

const MODES: ReadonlySet<unknown> = new Set(['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT']);
const TLS_MODES: ReadonlySet<unknown> = new Set(['DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL']);

const CHECKS: Readonly<Record<string, Check>> = {
  PeerAuthentication: peerAuthentication,
  AuthorizationPolicy: ruleRejections,
  DestinationRule: destinationRule,
  RequestAuthentication: requestAuthentication,
  NetworkPolicy: networkPolicy,
  Service: service,
};

/** istio: pkg/config/validation/validation.go; kubernetes: pkg/apis/{core,networking}/validation */
export function rejectionsOf(object: K8sObject): readonly Rejection[] {
  const check = Object.hasOwn(CHECKS, object.kind) ? CHECKS[object.kind] : undefined;
  return check === undefined ? [] : check(fields(object['spec']), object);
}

function peerAuthentication(spec: Fields): readonly Rejection[] {
  const found: Rejection[] = [];
  const modeAt = (mtls: unknown, path: string): void => {
    const mode = fields(mtls)['mode'];
    if (mode !== undefined && !MODES.has(mode))
      found.push({ path, why: `has a mode that does not exist: ${JSON.stringify(mode)}` });
  };
  modeAt(spec['mtls'], 'spec.mtls.mode');
  if (!isFields(spec['portLevelMtls'])) return found;
  const ports = Object.entries(spec['portLevelMtls']);
  if (Object.keys(fields(spec, 'selector', 'matchLabels')).length === 0) {
    found.push({ path: 'spec.portLevelMtls', why: 'has portLevelMtls without a selector' });
  }
  if (ports.length === 0) found.push({ path: 'spec.portLevelMtls', why: 'has an empty portLevelMtls' });
  for (const [port, mtls] of ports) {
    const path = `spec.portLevelMtls.${port}`;
    if (!isPort(Number(port))) found.push({ path, why: `names port ${port}, which is none` });
    modeAt(mtls, `${path}.mode`);
  }
  return found;
}

function destinationRule(spec: Fields): readonly Rejection[] {
  const found: Rejection[] = [];
  if ((text(spec['host']) ?? '') === '') found.push({ path: 'spec', why: 'has no host' });
  const policy = (value: unknown, at: string): void => {
    const mode = fields(value, 'tls')['mode'];
    if (mode !== undefined && !TLS_MODES.has(mode)) {
      found.push({ path: `${at}.tls.mode`, why: `has a TLS mode that does not exist: ${JSON.stringify(mode)}` });
    }
    list(fields(value)['portLevelSettings']).forEach((setting, index) => {
      const port = integer(fields(setting, 'port')['number']);
      const path = `${at}.portLevelSettings[${String(index)}]`;
      if (port === undefined || !isPort(port))
        found.push({ path, why: 'has settings for a port without a port number' });
      policy(setting, path);
    });
  };
  policy(spec['trafficPolicy'], 'spec.trafficPolicy');
  list(spec['subsets']).forEach((subset, index) => {
    const path = `spec.subsets[${String(index)}]`;
    if ((text(fields(subset)['name']) ?? '') === '') found.push({ path, why: 'has a subset without name' });
    policy(fields(subset)['trafficPolicy'], `${path}.trafficPolicy`);
  });
  return found;
}

function requestAuthentication(spec: Fields): readonly Rejection[] {
  return list(spec['jwtRules']).flatMap((rule, index) =>
    (text(fields(rule)['issuer']) ?? '') === ''
      ? [{ path: `spec.jwtRules[${String(index)}]`, why: 'has a JWT rule without issuer' }]
      : [],
  );
}

function networkPolicy(spec: Fields): readonly Rejection[] {
  return (['ingress', 'egress'] as const).flatMap((direction) =>
    list(spec[direction]).flatMap((rule, index) => {
      const at = `spec.${direction}[${String(index)}]`;
      const side = direction === 'ingress' ? 'from' : 'to';
      const peers = list(fields(rule)[side]).flatMap((peer, position) =>
        peerRejections(fields(peer), `${at}.${side}[${String(position)}]`),
      );
      const ports = list(fields(rule)['ports']).flatMap((port, position) =>
        portRejections(fields(port), `${at}.ports[${String(position)}]`),
      );
      return [...peers, ...ports];
    }),
  );
}

function peerRejections(peer: Fields, path: string): readonly Rejection[] {
  const { ipBlock, podSelector, namespaceSelector } = peer;
  if (ipBlock === undefined && podSelector === undefined && namespaceSelector === undefined) {
    return [{ path, why: 'has a peer that says nothing' }];
  }
  if (!isFields(ipBlock)) return [];
  const found: Rejection[] = [];
  if (podSelector !== undefined || namespaceSelector !== undefined) {
    found.push({ path, why: 'has a peer with both an ipBlock and a selector' });
  }
  for (const range of [text(ipBlock['cidr']) ?? '', ...texts(ipBlock['except'])]) {
    if (!range.includes('/') || rangeMatcher(range) === null) {
      found.push({ path: `${path}.ipBlock`, why: `has an address range that is none: ${JSON.stringify(range)}` });
    }
  }
  return found;
}

function portRejections(given: Fields, path: string): readonly Rejection[] {
  const { port, endPort } = given;
  const number = integer(port);
  if (number !== undefined && !isPort(number)) return [{ path, why: `names port ${String(number)}, which is none` }];
  if (endPort === undefined) return [];
  const end = integer(endPort);
  if (number === undefined) return [{ path, why: 'has an endPort without a port number' }];
  return end === undefined || end < number || !isPort(end) ? [{ path, why: 'has an endPort before its port' }] : [];
}

function service(spec: Fields): readonly Rejection[] {
  return list(spec['ports']).flatMap((value, index) => {
    const path = `spec.ports[${String(index)}]`;
    const { port, targetPort } = fields(value);
    const numbers = [port, ...(typeof targetPort === 'number' ? [targetPort] : [])];
    return numbers.flatMap((number) =>
      isPort(Number(number)) ? [] : [{ path, why: `names port ${String(number)}, which is none` }],
    );
  });
}

export function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65535;
}
