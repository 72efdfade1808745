/** What the agent's own probes make of real Envoy: alerts, cuts, refusals by policy, and what a sidecar says of a failed upstream. */
import { createSecureContext } from 'node:tls';
import t from 'tap';
import type { AuthorizationRule } from '../../deploy/sandbox/reality.ts';
import type { Outcome } from '../../proto/outcome.ts';
import type { Probe } from '../../proto/vocabulary.ts';
import { dataPlanes } from '../support/data-planes.ts';
import { CLIENT_ID, startRig } from '../support/mesh-rig.ts';
import type { Mode, Rig, RigService } from '../support/mesh-rig.ts';
import { CERTIFICATE_KINDS } from '../support/outcome-codes.ts';
import type { CertificateKind } from '../support/outcome-codes.ts';
import { probeOnce } from '../support/probing.ts';
import { issueRigCertificates } from '../support/rig-certificates.ts';

const HTTP: Probe = { kind: 'http', method: 'GET', path: '/orders' };
const TCP: Probe = { kind: 'tcp' };
const ISTIO = ['istio-http/1.1', 'istio', 'http/1.1'];
const TLS: Probe = { kind: 'tls', alpn: ISTIO };
const TLS_BARE: Probe = { kind: 'tls', alpn: [] };
const MTLS: Probe = { kind: 'mtls', alpn: ISTIO, application: 'http' };
const MTLS_TCP: Probe = { kind: 'mtls', alpn: ['istio'], application: 'tcp' };
const DEADLINES = { connectTimeoutMs: 5_000, timeoutMs: 5_000 };

const refused = (layer: string, signature: string): object => ({ kind: 'refused', layer, signature });
const certificateRefused = (alert: number, certificateRefusal: string): object => ({
  ...refused('tls', 'certificate-refused'),
  alert,
  certificateRefusal,
});

const { pods, clients } = issueRigCertificates(Date.now());
const contexts = Object.fromEntries(
  CERTIFICATE_KINDS.map((kind) => {
    const { key, chain: cert } = clients[kind];
    return [kind, createSecureContext({ key, cert, ca: pods.client.root, minVersion: 'TLSv1.2' })];
  }),
);
const bare = createSecureContext({ ca: pods.client.root, minVersion: 'TLSv1.2' });

/** Presents this certificate, whichever the probe would have asked for; a probe that asks for none gets none. */
function direct(rig: Rig, protocol: 'http' | 'tcp', mode: Mode, probe: Probe, kind: CertificateKind): Promise<Outcome> {
  const contextFor = (asked: string) => Promise.resolve(asked === 'none' ? bare : (contexts[kind] ?? bare));
  return probeOnce(probe, rig.port(protocol, mode), { ...DEADLINES, credentials: { contextFor } });
}

const DIRECT: readonly (readonly [
  probe: Probe,
  protocol: 'http' | 'tcp',
  mode: Mode,
  certificate: CertificateKind,
  says: object,
])[] = [
  [HTTP, 'http', 'STRICT', 'valid', refused('application', 'reset')],
  [TCP, 'tcp', 'STRICT', 'valid', refused('application', 'reset')],
  [HTTP, 'http', 'PERMISSIVE', 'valid', { kind: 'reached', transport: 'plaintext', status: 200 }],
  [TCP, 'http', 'PERMISSIVE', 'valid', { ...refused('application', 'bad-request'), status: 400 }],
  [TLS, 'http', 'STRICT', 'valid', { ...refused('tls', 'certificate-required'), alert: 116 }],
  [TLS_BARE, 'http', 'PERMISSIVE', 'valid', refused('tls', 'reset')],
  [TLS, 'http', 'DISABLE', 'valid', refused('tls', 'speaks-plaintext')],
  [MTLS, 'http', 'STRICT', 'valid', { kind: 'reached', transport: 'mtls', status: 200 }],
  [MTLS, 'http', 'STRICT', 'untrusted-ca', certificateRefused(48, 'unknown-ca')],
  [MTLS, 'http', 'STRICT', 'wrong-trust-domain', certificateRefused(46, 'identity')],
  [MTLS, 'http', 'STRICT', 'expired', certificateRefused(45, 'expired')],
];

/** Everything is denied to the caller by name: an HTTP chain says so, a TCP chain closes. */
const DENIED: readonly (readonly [probe: Probe, protocol: 'http' | 'tcp', says: object])[] = [
  [MTLS, 'http', { ...refused('application', 'rbac-denied'), status: 403 }],
  [MTLS_TCP, 'tcp', refused('application', 'closed')],
];

/** From a meshed vantage. */
const UPSTREAM: readonly (readonly [service: RigService, says: object])[] = [
  [
    { protocol: 'http', server: 'STRICT', tls: 'istio-mutual' },
    { kind: 'reached', status: 200 },
  ],
  [{ protocol: 'http', server: 'STRICT', tls: 'plaintext' }, { ...refused('application', 'upstream-reset') }],
  [{ protocol: 'http', server: 'DISABLE', tls: 'istio-mutual' }, { ...refused('application', 'upstream-plaintext') }],
  [{ protocol: 'http', server: 'down', tls: 'plaintext' }, { ...refused('application', 'upstream-refused') }],
  [{ protocol: 'http', server: 'none', tls: 'plaintext' }, { ...refused('application', 'no-healthy-upstream') }],
  [
    { protocol: 'http', server: 'STRICT', tls: 'istio-mutual', identities: ['spiffe://cluster.local/ns/foo/sa/other'] },
    { ...refused('application', 'upstream-certificate') },
  ],
];

const envoy = dataPlanes().find(({ title }) => title === 'real Envoy');
if (envoy === undefined) throw new Error('no such data plane');

t.test('from a naked vantage', envoy.options, async (t) => {
  await using rig = await startRig(envoy.create(), { certificates: pods });
  for (const [probe, protocol, mode, certificate, says] of DIRECT) {
    const what = `${probe.kind}, ${certificate}, into ${protocol} ${mode}`;
    t.match(await direct(rig, protocol, mode, probe, certificate), says, what);
  }
});

t.test('denied by policy', envoy.options, async (t) => {
  const [, caller = ''] = CLIENT_ID.split('spiffe://');
  const authorization: readonly AuthorizationRule[] = [{ name: 'd', action: 'DENY', from: { principals: [caller] } }];
  await using rig = await startRig(envoy.create(), { certificates: pods, authorization });
  for (const [probe, protocol, says] of DENIED) {
    t.match(await direct(rig, protocol, 'STRICT', probe, 'valid'), says, protocol);
  }
});

t.test('through the sidecar of the caller', envoy.options, async (t) => {
  const services = UPSTREAM.map(([service]) => service);
  await using rig = await startRig(envoy.create(), { certificates: pods, services });
  for (const [index, [service, says]] of UPSTREAM.entries()) {
    const address = rig.virtualAddresses[index];
    if (address === undefined) throw new Error('no such service');
    const settings = {
      ...DEADLINES,
      dataPlane: 'sidecar',
      capture: rig.capture,
      authority: `s${String(index)}.foo`,
    } as const;
    t.match(await probeOnce(HTTP, address, settings), says, `${service.tls} to ${service.server}`);
  }
});
