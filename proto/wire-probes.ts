/** Probes to generated messages and back. */
import type * as wire from './gen/meshproof/v1/session.ts';
import type { HealthAction, HealthProbe, Probe } from './vocabulary.ts';
import { APPLICATIONS, CERTIFICATES, CHECKS, VARIANTS, wordOf } from './wire-words.ts';

export function probeToWire(probe: Probe): wire.Probe {
  switch (probe.kind) {
    case 'http':
      return { kind: { $case: 'http', value: { method: probe.method, path: probe.path } } };
    case 'tcp':
    case 'grpc':
      return { kind: { $case: probe.kind, value: {} } };
    case 'tls':
    case 'mtls':
    case 'mtls-untrusted': {
      const application = probe.kind === 'tls' ? 'APPLICATION_PROTOCOL_UNSPECIFIED' : APPLICATIONS[probe.application];
      const path = probe.kind === 'tls' ? '' : (probe.path ?? '');
      const value = { certificate: CERTIFICATES[probe.kind], alpn: [...probe.alpn], application, path };
      return { kind: { $case: 'tls', value } };
    }
    case 'health': {
      const { container, check, variant, action } = probe;
      const value = { container, check: CHECKS[check], variant: VARIANTS[variant], action: actionToWire(action) };
      return { kind: { $case: 'health', value } };
    }
  }
}

/** Undefined where the message holds a kind, or a word within it, that is not known here. */
export function probeFromWire(message: wire.Probe | undefined): Probe | undefined {
  const kind = message?.kind;
  switch (kind?.$case) {
    case 'http':
      return { kind: 'http', method: kind.value.method, path: kind.value.path };
    case 'tcp':
    case 'grpc':
      return { kind: kind.$case };
    case 'tls':
      return tlsFromWire(kind.value);
    case 'health':
      return healthFromWire(kind.value);
    case undefined:
      return undefined;
  }
}

function tlsFromWire({ certificate, alpn, application, path }: wire.TlsProbe): Probe | undefined {
  const kind = wordOf(CERTIFICATES, certificate);
  if (kind === undefined) return undefined;
  if (kind === 'tls') return { kind, alpn };
  const inside = wordOf(APPLICATIONS, application);
  return inside === undefined ? undefined : { kind, alpn, application: inside, ...(path !== '' && { path }) };
}

function healthFromWire(message: wire.HealthProbe): HealthProbe | undefined {
  const check = wordOf(CHECKS, message.check);
  const variant = wordOf(VARIANTS, message.variant);
  const action = actionFromWire(message.action);
  if (check === undefined || variant === undefined || action === undefined) return undefined;
  return { kind: 'health', container: message.container, check, variant, action };
}

function actionToWire(action: HealthAction): wire.HealthProbe['action'] {
  switch (action.kind) {
    case 'httpGet': {
      const headers = action.headers.map(({ name, value }) => ({ name, value }));
      return { $case: 'httpGet', value: { path: action.path, isHttps: action.scheme === 'HTTPS', headers } };
    }
    case 'tcpSocket':
      return { $case: 'tcpSocket', value: {} };
    case 'grpc':
      return { $case: 'grpc', value: { service: action.service } };
  }
}

function actionFromWire(action: wire.HealthProbe['action']): HealthAction | undefined {
  switch (action?.$case) {
    case 'httpGet': {
      const { path, isHttps, headers } = action.value;
      return { kind: 'httpGet', path, scheme: isHttps ? 'HTTPS' : 'HTTP', headers };
    }
    case 'tcpSocket':
      return { kind: 'tcpSocket' };
    case 'grpc':
      return { kind: 'grpc', service: action.value.service };
    case undefined:
      return undefined;
  }
}
