/** A sandbox of Node proxies is changed while it runs: what changes, what does not notice, and what is left of it. */
import { once } from 'node:events';
import net from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import type { Address } from '../../proto/vocabulary.ts';
import { OpenCall } from '../support/open-call.ts';
import { call, get, podAddress, start, told } from './sandbox-scenario.ts';
import { AT_FIRST, EFFECTS, PLAIN, REALITY, shown } from './sandbox-set-effects.ts';

t.test('each change is in force when it has resolved, alone, and until it is reset', async (t) => {
  await using sandbox = await start(REALITY);
  t.equal(await shown(sandbox), AT_FIRST);
  for (const [change, effect] of EFFECTS) {
    const why = JSON.stringify(change);
    t.equal((await sandbox.set([change])).length, 1, why);
    t.equal(await shown(sandbox), effect, why);
    t.equal((await sandbox.changed()).length, 1);
    t.equal((await sandbox.reset()).length, 1);
    t.equal(await shown(sandbox), AT_FIRST, `after ${why}`);
    t.strictSame(await sandbox.changed(), []);
  }
});

t.test('what is declared does not change', async (t) => {
  await using sandbox = await start(REALITY);
  const before = structuredClone(sandbox.scenario);
  await sandbox.set([{ target: 'shop/pay', mode: 'PERMISSIVE' }]);
  t.strictSame(sandbox.scenario, before);
});

t.test('callers meet the old state or the new one, and after the change the new one only', async (t) => {
  await using sandbox = await start(REALITY);
  const pay = podAddress(sandbox, 'shop/pay', 8080);
  const ask = async (): Promise<string> => told(await call(pay, get('/', 'x')));
  for (const [mode, after] of [
    ['PERMISSIVE', PLAIN],
    ['STRICT', 'reset'],
  ] as const) {
    let isChanged = false;
    const met = new Set<string>();
    const callers = Array.from({ length: 4 }, async () => {
      while (!isChanged) met.add(await ask());
    });
    await sandbox.set([{ target: 'shop/pay', port: 8080, mode }]);
    const first = await Promise.all(Array.from({ length: 5 }, ask));
    isChanged = true;
    await Promise.all(callers);
    t.strictSame(first, Array(5).fill(after));
    t.strictSame(
      [...met].filter((one) => one !== PLAIN && one !== 'reset'),
      [],
      'the port never stopped to answer',
    );
  }
});

t.test('connections of others go on through a change, those of the changed pod end', async (t) => {
  await using sandbox = await start(REALITY);
  await sandbox.set([{ target: 'shop/pay', mode: 'PERMISSIVE' }]);
  const front = sandbox.capturePoint('web/front') ?? { host: '', port: 0 };
  const batch = sandbox.network.serviceAddress('old/batch', 80);
  await using toBatch = await OpenCall.to(podAddress(sandbox, 'old/batch', 8080));
  await using toCart = await OpenCall.to(podAddress(sandbox, 'shop/cart', 8080));
  await using byFront = await OpenCall.to(front, batch);
  await using uncaptured = await OpenCall.to(podAddress(sandbox, 'shop/pay', 9090));
  await using toPay = await OpenCall.to(podAddress(sandbox, 'shop/pay', 8080));
  const others = [toBatch, toCart, byFront, uncaptured];
  for (const one of [...others, toPay]) t.match(await one.ask(), /^HTTP\/1\.1 200/);
  await sandbox.set([{ target: 'shop/pay', port: 8080, mode: 'STRICT' }]);
  t.equal(await toPay.ask(), 'ended');
  for (const one of others) t.match(await one.ask(), /^HTTP\/1\.1 200/);
});

t.test('changes that are asked for at once are made one after another', async (t) => {
  await using sandbox = await start(REALITY);
  const modes = ['PERMISSIVE', 'DISABLE', 'STRICT', 'PERMISSIVE'] as const;
  const made = await Promise.all(modes.map((mode) => sandbox.set([{ target: 'shop/pay', port: 8080, mode }])));
  t.strictSame(
    made.flat().map(({ was, is }) => `${was} ${is}`),
    ['STRICT PERMISSIVE', 'PERMISSIVE DISABLE', 'DISABLE STRICT', 'STRICT PERMISSIVE'],
  );
  t.match(await shown(sandbox), /^nobody/);
});

t.test('of several changes with one that is refused none is made', async (t) => {
  await using sandbox = await start(REALITY);
  const changes = [
    { target: 'shop/pay', port: 8080, mode: 'PERMISSIVE' },
    { target: 'shop/pay', port: 8081, mode: 'PERMISSIVE' },
  ] as const;
  await t.rejects(sandbox.set(changes), { code: 'MPE_USAGE', message: 'shop/pay has no port 8081' });
  t.equal(await shown(sandbox), AT_FIRST);
  t.strictSame(await sandbox.changed(), []);
});

t.test('where a change cannot be applied, the old state stands, and the next one is made', async (t) => {
  await using sandbox = await start(REALITY);
  await sandbox.set([{ target: 'old/batch', app: 'none' }]);
  const squatter = net.createServer((socket) => socket.destroy()).listen(podAddress(sandbox, 'old/batch', 8080));
  await once(squatter, 'listening');
  const both = [
    { target: 'shop/pay', mode: 'PERMISSIVE' },
    { target: 'old/batch', app: 'http' },
  ] as const;
  await t.rejects(sandbox.set(both), { code: 'MPE_PORT_IN_USE', message: /127\.\d+\.0\.\d+:8080/ });
  t.match(await shown(sandbox), /^reset \| web \| 403 \|/, 'pay is STRICT again');
  t.match(await sandbox.changed(), [{ target: 'old/batch:8080', key: 'app', is: 'none' }]);
  t.notOk(sandbox.failed.aborted);
  squatter.close();
  await once(squatter, 'close');
  await sandbox.set(both);
  t.equal(await shown(sandbox), 'nobody | web | 403 | nobody');
});

t.test('a sandbox that ends lets no change be under way, and takes none any more', async (t) => {
  const sandbox = await start(REALITY);
  await using open = await OpenCall.to(podAddress(sandbox, 'shop/cart', 8080));
  const last = sandbox.set([{ target: 'shop/cart', mode: 'STRICT' }]);
  const ended = sandbox[Symbol.asyncDispose]();
  const settled = await Promise.allSettled([last, ended]);
  t.match(settled, [{}, { status: 'fulfilled' }]);
  await t.rejects(sandbox.reset(), { code: 'MPE_SANDBOX_NOT_RUNNING' });
  t.equal(await open.ask(), 'ended');
});

t.test('a hundred changes leave nothing: no listener, no connection, no timer', async (t) => {
  await using sandbox = await start(REALITY);
  const round = async (): Promise<void> => {
    await sandbox.set([
      { target: 'shop/pay', port: 8080, mode: 'PERMISSIVE', app: 'none', certificate: 'expired' },
      { target: 'web/front', outbound: { to: 'shop/cart', tls: 'DISABLE' } },
      { target: 'old/batch', app: 'none' },
    ]);
    await sandbox.reset();
  };
  await round();
  const before = await resources();
  for (let rounds = 0; rounds < 50; rounds += 1) await round();
  t.strictSame(await resources(), before);
  t.equal(await shown(sandbox), AT_FIRST);
});

/** What keeps the process alive, by kind. A closed handle counts until the event loop has come by. */
async function resources(): Promise<Readonly<Record<string, number>>> {
  await nextTurn();
  const kinds = Object.groupBy(process.getActiveResourcesInfo(), (kind) => kind);
  return Object.fromEntries(Object.entries(kinds).map(([kind, all = []]) => [kind, all.length]));
}

t.test('the addresses stay the same', async (t) => {
  await using sandbox = await start(REALITY, 'single');
  const addresses = (): readonly (Address | undefined)[] => [
    sandbox.network.podAddress('shop/pay', 8080),
    sandbox.network.podAddress('shop/pay', 1),
    sandbox.capturePoint('web/front'),
    sandbox.network.serviceAddress('shop/pay', 80),
  ];
  const before = addresses();
  await sandbox.set([{ target: 'shop/pay', port: 8080, mode: 'DISABLE', app: 'none' }]);
  await sandbox.reset();
  t.strictSame(addresses(), before);
  t.equal(await shown(sandbox), AT_FIRST);
});
