/** One way to misbehave, with the probe that meets it and the outcome that it must come to. */
import type { Address, Probe } from '../../../proto/vocabulary.ts';
import type { ProbeSettings } from '../../support/probing.ts';

export interface Stage extends AsyncDisposable {
  /** What the probe dials. */
  readonly address: Address;
  readonly settings?: ProbeSettings;
}

export interface Animal {
  /** `probe: what the other side does`; unique. */
  readonly name: string;
  readonly probe: Probe;
  readonly serve: () => Promise<Stage>;
  readonly settings?: ProbeSettings;
  /** Nothing but the deadline ends it. */
  readonly isLasting?: boolean;
  /** A pattern for the outcome. */
  readonly says: object;
  /** Bytes that come off the socket at most, one piece of a read beyond the bound included. */
  readonly mayRead?: number;
  /** Why it cannot be shown on this system. */
  readonly skip?: string;
}

export const HTTP: Probe = { kind: 'http', method: 'GET', path: '/' };
export const TCP: Probe = { kind: 'tcp' };
export const GRPC: Probe = { kind: 'grpc' };
export const TLS: Probe = { kind: 'tls', alpn: [] };
export const MTLS: Probe = { kind: 'mtls', alpn: ['istio-http/1.1', 'istio', 'http/1.1'], application: 'http' };
export const MTLS_TCP: Probe = { kind: 'mtls', alpn: ['istio'], application: 'tcp' };
export const UNTRUSTED: Probe = { kind: 'mtls-untrusted', alpn: ['istio-http/1.1'], application: 'http' };

export const refused = (layer: string, signature: string): object => ({ kind: 'refused', layer, signature });
export const silent = (layer: string): object => ({ kind: 'silent', layer });
export const reached = (status?: number): object => ({ kind: 'reached', ...(status !== undefined && { status }) });

export const RESET = refused('application', 'reset');
export const CLOSED = refused('application', 'closed');
export const SILENT = silent('application');
/** Bytes came that are no answer, or one that breaks off. */
export const NO_ANSWER = refused('application', 'not-the-protocol');
