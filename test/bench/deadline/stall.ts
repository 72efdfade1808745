/** Where a peer may stop answering. */
import type { Address, Probe } from '../../../proto/vocabulary.ts';

export type Stall = 'tcp' | 'tls' | 'http' | 'half-body' | 'dripping-body' | 'http-in-tls' | 'grpc';

/** Those that a server does; `tcp` is nobody's. */
export type ServedStall = Exclude<Stall, 'tcp'>;

export type StallAddresses = Readonly<Record<Stall, Address>>;

export const TITLES: Readonly<Record<Stall, string>> = {
  tcp: 'no SYN-ACK',
  tls: 'no ServerHello',
  http: 'no answer',
  'half-body': 'half a body',
  'dripping-body': 'a byte of the body now and then',
  'http-in-tls': 'no answer inside TLS',
  grpc: 'HTTP/2 settings and no answer',
};

const HTTP = { kind: 'http', method: 'GET', path: '/' } as const;
const MUTUAL_TLS = { kind: 'mtls', alpn: ['http/1.1'], application: 'http' } as const;

export const PROBES: Readonly<Record<Stall, Probe>> = {
  tcp: HTTP,
  tls: MUTUAL_TLS,
  http: HTTP,
  'half-body': HTTP,
  'dripping-body': HTTP,
  'http-in-tls': MUTUAL_TLS,
  grpc: { kind: 'grpc' },
};

export const STALLS = Object.keys(PROBES) as readonly Stall[];
