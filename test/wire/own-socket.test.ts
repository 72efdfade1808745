import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { OwnSocket } from '../../agent/session/own-socket.ts';
import { grpcUplink } from '../../agent/session/uplink.ts';
import { vantageToWire } from '../../proto/wire.ts';
import { WEB, startFleet } from '../support/fleet-scene.ts';

t.test('our end of the stream is the one that the controller sees', async (t) => {
  await using scene = await startFleet();
  const { endpoint } = scene.fleet;
  const caFile = join(t.testdir(), 'ca.pem');
  const tokenFile = join(t.testdirName, 'token');
  await writeFile(caFile, endpoint.caPem);
  await writeFile(tokenFile, endpoint.joinTokenFor('web', WEB));
  const observed = Promise.withResolvers<unknown>();
  const uplink = await grpcUplink({ controller: endpoint.address, caFile, tokenFile })({
    onMessage: ({ body }) => {
      if (body?.$case === 'welcome') observed.resolve(body.value.observedPeer);
    },
    onWritable: () => undefined,
    onEnd: (end) => {
      observed.reject(new Error(JSON.stringify(end)));
    },
  });
  const hello = { agentId: 'web', bootId: 'boot', vantage: vantageToWire(WEB), version: '', protocol: 1 };
  uplink.send({ body: { $case: 'hello', value: { ...hello, oldestUnacknowledged: 0, planVersion: 0 } } });
  const seen = await observed.promise;
  t.match(seen, { host: '127.0.0.1' });
  t.strictSame(uplink.localAddress(), seen);
  uplink.cancel();
});

t.test('other sockets of the process are not taken for it', async (t) => {
  await using one = await startFleet();
  await using other = await startFleet();
  using watched = new OwnSocket(one.fleet.endpoint.address);
  const opened = async ({ host, port }: { readonly host: string; readonly port: number }): Promise<number> => {
    const socket = connect({ host, port });
    await new Promise((resolve) => socket.once('connect', resolve));
    const { localPort = 0 } = socket;
    socket.destroy();
    return localPort;
  };
  await opened(other.fleet.endpoint.address);
  t.equal(watched.local, undefined);
  t.equal(await opened(one.fleet.endpoint.address), watched.local?.port);
  watched[Symbol.dispose]();
  const before = watched.local;
  await opened(one.fleet.endpoint.address);
  t.strictSame(watched.local, before);
});
