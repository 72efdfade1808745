import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import t from 'tap';
import { Client, credentials, status } from '@grpc/grpc-js';
import type { ControllerEndpoint } from '../../controller/fleet/launcher.ts';
import type { Vantage } from '../../proto/vocabulary.ts';
import { createAuthority } from '../support/certificates.ts';
import { FakeAgent } from '../support/fake-agent.ts';
import type { FakeAgentOptions } from '../support/fake-agent.ts';
import { startHoldingRelays } from '../support/holding-relays.ts';
import { PAIR, sweepScenario } from '../support/sandbox-sweep.ts';

const NAKED: Vantage = { namespace: 'outside', serviceAccount: 'naked', dataPlane: 'naked' };
const MESHED: Vantage = { namespace: 'pair', serviceAccount: 'meshed', dataPlane: 'sidecar' };

interface Issued {
  readonly id: string;
  readonly token: string;
}

interface Intruder {
  readonly who: string;
  readonly options: (stolen: Issued) => FakeAgentOptions;
  readonly code: keyof typeof status;
}

/** Each has taken what it could from the agent of `outside/naked`, whose sweep is under way. */
const INTRUDERS: readonly Intruder[] = [
  {
    who: 'a client without a token',
    options: ({ id }) => ({ id, vantage: NAKED, token: '' }),
    code: 'UNAUTHENTICATED',
  },
  {
    who: 'a client with a token of its own making',
    options: ({ id }) => ({ id, vantage: NAKED, token: randomUUID() }),
    code: 'UNAUTHENTICATED',
  },
  {
    who: 'a thief with the token of a running agent',
    options: ({ id, token }) => ({ id, token, vantage: NAKED, bootId: 'thief' }),
    code: 'PERMISSION_DENIED',
  },
  {
    who: 'a thief under an id of its own',
    options: ({ token }) => ({ id: 'thief', token, vantage: NAKED }),
    code: 'PERMISSION_DENIED',
  },
  {
    who: 'an agent that claims another vantage',
    options: ({ id, token }) => ({ id, token, vantage: MESHED }),
    code: 'PERMISSION_DENIED',
  },
  {
    who: 'an agent of an older protocol',
    options: ({ id, token }) => ({ id, token, vantage: NAKED, hello: { protocol: 0 } }),
    code: 'FAILED_PRECONDITION',
  },
  {
    who: 'an agent of a newer protocol',
    options: ({ id, token }) => ({ id, token, vantage: NAKED, hello: { protocol: 2 } }),
    code: 'FAILED_PRECONDITION',
  },
];
const ROUNDS = 5;

t.test(
  'intruders are turned away, each said once, and the sweep beside them ends as if they had not been',
  async (t) => {
    await using relays = await startHoldingRelays(8);
    const issued = new Map<string, string>();
    const said: string[] = [];
    let endpoint: ControllerEndpoint | undefined;
    let intrusion: Promise<void> | undefined;

    const intrude = async (): Promise<void> => {
      const [id = '', token = ''] = [...issued].find(([name]) => name.startsWith('outside.')) ?? [];
      if (endpoint === undefined) throw new Error('no controller');
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const { who, options, code } of INTRUDERS) {
          await using agent = new FakeAgent(endpoint, options({ id, token }));
          const end = await agent.ended;
          t.equal(status[end.code], code, who);
          t.notMatch(end.details, token, `${who}: the token is not said again`);
          t.same(agent.received, [], `${who}: is told nothing`);
        }
        t.match(await wrongCa(endpoint), /certificate/i, 'a client that trusts another CA goes away by itself');
        t.notMatch(await plaintext(endpoint), /grpc|SETTINGS/, 'a client without TLS gets no answer');
      }
      relays.open();
    };

    const sweep = await sweepScenario(PAIR, {
      options: { timeoutMs: 60_000, connectTimeoutMs: 60_000 },
      dialled: relays.via,
      debug: (message) => said.push(message),
      dialVia: (controller) => {
        endpoint = controller;
        const joinTokenFor = (id: string, vantage: Vantage): string => {
          const token = controller.joinTokenFor(id, vantage);
          issued.set(id, token);
          return token;
        };
        return Promise.resolve({ ...controller, joinTokenFor });
      },
      onProgress: (event) => {
        const isHalfway = event.kind === 'tasks' && event.finished > 0 && event.finished < event.planned;
        if (isHalfway) intrusion ??= intrude();
      },
    });
    t.ok(intrusion, 'they came while it was measured');
    await intrusion;

    t.match(sweep.verdict, { value: 'pass', coverage: 1 });
    t.equal(sweep.cells.length, 16);
    t.ok(sweep.cells.every(({ drift, attempts }) => drift === 'agrees' && attempts.length === 1));
    const refusals = said.filter((message) => message.includes('turned away'));
    t.equal(new Set(refusals).size, refusals.length, 'nothing is said twice');
    t.equal(refusals.length, INTRUDERS.length, 'and each once');
    for (const token of issued.values()) t.ok(said.every((message) => !message.includes(token)));
  },
);

/** What the client's own TLS says. */
async function wrongCa({ address }: ControllerEndpoint): Promise<string> {
  const { rootPem } = createAuthority('somebody else');
  const client = new Client(`${address.host}:${String(address.port)}`, credentials.createSsl(Buffer.from(rootPem)));
  const said = Promise.withResolvers<string>();
  client.makeUnaryRequest(
    '/meshproof.v1.Session/Connect',
    () => Buffer.alloc(0),
    () => undefined,
    Buffer.alloc(0),
    (error) => {
      said.resolve(error?.details ?? 'it was let in');
    },
  );
  const details = await said.promise;
  client.close();
  return details;
}

/** Everything that comes back. */
async function plaintext({ address: { host, port } }: ControllerEndpoint): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = '';
  const socket = connect(port, host, () => {
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
  });
  socket.on('data', (bytes) => (answer += bytes.toString('latin1')));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    resolve(answer);
  });
  return await promise;
}
