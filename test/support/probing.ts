/** Attempts as an agent makes them, against servers of a test. */
import { createSecureContext } from 'node:tls';
import { attempt } from '../../agent/probes/probes.ts';
import type { Credentials, ProbeDeps } from '../../agent/probes/probe.ts';
import type { Outcome } from '../../proto/outcome.ts';
import type { Address, Probe, Task } from '../../proto/vocabulary.ts';
import { contextOf, createAuthority, issue } from './certificates.ts';

export const OUR_ID = 'spiffe://cluster.local/ns/meshproof/sa/prober';
export const THEIR_ID = 'spiffe://cluster.local/ns/shop/sa/pay';

/** The mesh's authority, and one that the mesh does not know. */
export const MESH = createAuthority('mesh');
export const FOREIGN = createAuthority('foreign');

const CONTEXTS = {
  valid: contextOf(issue(MESH, { uris: [OUR_ID] }), MESH.rootPem),
  'untrusted-ca': contextOf(issue(FOREIGN, { uris: [OUR_ID] }), MESH.rootPem),
  none: createSecureContext({ ca: MESH.rootPem, minVersion: 'TLSv1.2' }),
};

const CREDENTIALS: Credentials = { contextFor: (certificate) => Promise.resolve(CONTEXTS[certificate]) };

const NEVER = new AbortController().signal;

export interface ProbeSettings extends Partial<Omit<Task, 'probe' | 'address'>> {
  readonly dataPlane?: ProbeDeps['dataPlane'];
  readonly capture?: Address;
  readonly nameServers?: readonly string[];
  /** In the place of certificates that the mesh has signed. */
  readonly credentials?: Credentials;
  readonly signal?: AbortSignal;
}

/** One attempt with short deadlines; from a naked vantage unless the settings say otherwise. */
export function probeOnce(probe: Probe, address: Address, settings: ProbeSettings = {}): Promise<Outcome> {
  const { dataPlane = 'naked', capture, nameServers, credentials = CREDENTIALS, signal = NEVER, ...facts } = settings;
  const task: Task = {
    route: 1,
    slot: 1,
    attempt: 0,
    probe,
    address,
    authority: 'pay.shop.svc.cluster.local:8080',
    serverName: 'outbound_.8080_._.pay.shop.svc.cluster.local',
    peerIdentities: [],
    connectTimeoutMs: 150,
    timeoutMs: 300,
    ...facts,
  };
  const deps = { credentials, dataPlane, capture, ...(nameServers && { nameServers }), newToken: () => 'token-1' };
  return attempt(task, deps, signal);
}
