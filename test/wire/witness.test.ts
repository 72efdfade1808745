import { connect } from 'node:net';
import t from 'tap';
import { startResponder } from '../../agent/responder.ts';
import type { WitnessListener } from '../../agent/responder.ts';
import type { Outcome } from '../../proto/outcome.ts';
import type { Address, ApplicationProtocol, Probe } from '../../proto/vocabulary.ts';
import { probeOnce } from '../support/probing.ts';

const ANYWHERE = { host: '127.0.0.1', port: 0 };
const PROBES: Readonly<Record<ApplicationProtocol, Probe>> = {
  http: { kind: 'http', method: 'GET', path: '/any/path' },
  grpc: { kind: 'grpc' },
  tcp: { kind: 'tcp' },
};
const PROTOCOLS = ['http', 'grpc', 'tcp'] as const;

async function ask(listener: Omit<WitnessListener, 'address'>, probe: Probe): Promise<Outcome> {
  const { signal } = new AbortController();
  await using responder = await startResponder({
    pod: 'shop/pay',
    listeners: [{ ...listener, address: ANYWHERE }],
    signal,
  });
  const [address] = responder.addresses;
  return await probeOnce(probe, address ?? ANYWHERE, { dataPlane: 'sidecar' });
}

for (const protocol of PROTOCOLS) {
  t.test(`a ${protocol} witness without a proxy proves plaintext`, async (t) => {
    const outcome = await ask({ protocol, setsXfcc: false, isBehindProxy: false }, PROBES[protocol]);
    const witness = { pod: 'shop/pay', caller: null, isProof: false };
    t.match(outcome, { kind: 'reached', transport: 'plaintext', witness });
  });
}

for (const protocol of ['http', 'grpc'] as const) {
  t.test(`a ${protocol} witness behind a proxy that names no caller proves plaintext`, async (t) => {
    const outcome = await ask({ protocol, setsXfcc: true }, PROBES[protocol]);
    t.match(outcome, { kind: 'reached', transport: 'plaintext', witness: { caller: null, isProof: true } });
  });
}

t.test('a TCP witness behind a proxy proves nothing of the transport', async (t) => {
  const outcome = await ask({ protocol: 'tcp', setsXfcc: false }, PROBES.tcp);
  t.match(outcome, { kind: 'reached', transport: 'unproved', witness: { isProof: false } });
});

t.test('an HTTP request to a TCP witness is answered, and known for its answer', async (t) => {
  const outcome = await ask({ protocol: 'tcp', setsXfcc: false, isBehindProxy: false }, PROBES.http);
  t.match(outcome, { kind: 'reached', transport: 'plaintext', witness: { pod: 'shop/pay' } });
});

t.test('a caller who names himself to a port without a proxy is not believed', async (t) => {
  const { signal } = new AbortController();
  const listeners = [{ address: ANYWHERE, protocol: 'http', setsXfcc: false } as const];
  await using responder = await startResponder({ pod: 'shop/pay', listeners, signal });
  const { host, port } = responder.addresses[0] ?? ANYWHERE;
  const answer = await fetch(`http://${host}:${String(port)}/`, {
    headers: { 'x-forwarded-client-cert': 'URI=spiffe://cluster.local/ns/shop/sa/admin', connection: 'close' },
  });
  t.match(await answer.json(), { caller: null, isProof: false });
});

t.test('a responder that cannot take an address takes none', async (t) => {
  const { signal } = new AbortController();
  const listener = { protocol: 'tcp', setsXfcc: false } as const;
  const first = await startResponder({ pod: 'a/b', listeners: [{ ...listener, address: ANYWHERE }], signal });
  const taken = first.addresses[0] ?? ANYWHERE;
  const listeners = [ANYWHERE, taken].map((address) => ({ ...listener, address }));
  await t.rejects(startResponder({ pod: 'c/d', listeners, signal }), { code: 'MPE_PORT_IN_USE' });
  await first[Symbol.asyncDispose]();
  t.equal(await connects(taken), false, 'and after its end nothing listens');
});

t.test('an abort ends a responder', async (t) => {
  const stop = new AbortController();
  const listeners = [{ address: ANYWHERE, protocol: 'tcp', setsXfcc: false } as const];
  const responder = await startResponder({ pod: 'a/b', listeners, signal: stop.signal });
  const address = responder.addresses[0] ?? ANYWHERE;
  t.equal(await connects(address), true);
  stop.abort();
  await responder[Symbol.asyncDispose]();
  t.equal(await connects(address), false);
});

function connects({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
