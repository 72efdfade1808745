import { createServer } from 'node:tls';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { workloadIdentity } from '../../agent/identity/workload-identity.ts';
import type { Credentials } from '../../agent/probes/probe.ts';
import { attempt } from '../../agent/probes/probes.ts';
import type { Outcome } from '../../proto/outcome.ts';
import type { Address } from '../../proto/vocabulary.ts';
import { systemClock } from '../../proto/system-clock.ts';
import { issue } from '../support/certificates.ts';
import { MESH, OUR_ID, THEIR_ID } from '../support/probing.ts';

function attemptWith(credentials: Credentials, address: Address, timeoutMs: number): Promise<Outcome> {
  const task = {
    route: 1,
    slot: 1,
    attempt: 0,
    probe: { kind: 'mtls-untrusted', alpn: [], application: 'http' },
    address,
    authority: 'pay.shop.svc.cluster.local',
    serverName: '',
    peerIdentities: [],
    connectTimeoutMs: timeoutMs,
    timeoutMs,
  } as const;
  const deps = { credentials, dataPlane: 'naked', capture: undefined, newToken: () => 'token-1' } as const;
  return attempt(task, deps, new AbortController().signal);
}

t.test('an attempt whose certificate does not come ends at its own deadline, and tested nothing', async (t) => {
  const never: Credentials = { contextFor: () => new Promise(() => undefined) };
  const outcome = await attemptWith(never, { host: '127.0.0.1', port: 9 }, 50);
  t.strictSame(outcome, { kind: 'untested', why: 'no-certificate', detail: 'no certificate in time' });
});

for (const ecdhCurve of ['X25519', 'P-256', 'P-384', 'X25519MLKEM768']) {
  t.test(`a server that insists on ${ecdhCurve} for the key exchange is reached`, async (t) => {
    const { key, chain } = issue(MESH, { uris: [THEIR_ID] });
    await using server = createServer({ key, cert: chain, ecdhCurve }, (socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const identity = { rootPem: MESH.rootPem, spiffeId: OUR_ID, sign: undefined };
    const credentials = workloadIdentity({ ...identity, clock: systemClock, random: () => 0 });
    const { port } = server.address() as AddressInfo;
    const outcome = await attemptWith(credentials, { host: '127.0.0.1', port }, 5_000);
    t.match(outcome, { kind: 'reached', transport: 'mtls', status: 200, certificate: { spiffeId: THEIR_ID } });
  });
}
