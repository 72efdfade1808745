/** What a client can do to the web side without asking nicely: nothing that others notice. */
import { request } from 'node:https';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { connect as secure, TLSSocket } from 'node:tls';
import { once } from 'node:events';
import t from 'tap';
import { issue } from '../support/certificates.ts';
import { MESH } from '../support/probing.ts';
import { SCENE_ACCESS, webScene, TOKENS } from '../support/web-scene.ts';
import type { WebScene } from '../support/web-scene.ts';

/** Of fifty each; 200 make the ten thousand. */
const WAVES = Number(process.env['MESHPROOF_WAVES'] ?? 40);
const WRITE = { authorization: `Bearer ${TOKENS.write}` };

function dial(scene: WebScene): Socket {
  const socket = connect(Number(new URL(scene.address).port), '127.0.0.1');
  socket.on('error', () => undefined);
  return socket;
}

/** All that comes back until the connection ends. */
async function exchange(scene: WebScene, text: string): Promise<string> {
  const socket = dial(scene);
  let answer = '';
  socket.setEncoding('latin1').on('data', (piece: string) => {
    answer += piece;
  });
  socket.write(text, 'latin1');
  await once(socket, 'close');
  return answer;
}

/** The status of `/healthz`, over a connection of its own. */
async function securely(address: string): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  request(`${address}/healthz`, { ca: MESH.rootPem, agent: false }, (response) => {
    response.resume().once('end', () => {
      resolve(response.statusCode);
    });
  })
    .on('error', reject)
    .end();
  return promise;
}

t.test('security headers stand on every answer, the page has no inline script or style', async (t) => {
  await using scene = await webScene();
  for (const path of ['/', '/api/v1/matrix', '/healthz', '/nothing', '/sign-in']) {
    const response = await scene.get(path, { accept: 'text/html' });
    const { headers } = response;
    t.match(headers.get('content-security-policy'), /^default-src 'none';script-src 'self';style-src 'self'/, path);
    t.notMatch(headers.get('content-security-policy'), /unsafe|nonce|\*/);
    t.equal(headers.get('x-content-type-options'), 'nosniff');
    t.equal(headers.get('x-frame-options'), 'DENY');
    t.equal(headers.get('referrer-policy'), 'no-referrer');
    t.equal(headers.get('server'), null);
    const text = await response.text();
    t.notMatch(
      text,
      /<script(?! src="\/assets\/)|<style|\son[a-z]+="|\sstyle="|javascript:/i,
      `nothing inline in ${path}`,
    );
  }
});

t.test('assets are kept for ever under names that change with them', async (t) => {
  await using scene = await webScene();
  const page = await (await scene.get('/')).text();
  const paths = [...page.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
  t.equal(paths.length, 3, 'icon, style and script');
  for (const path of paths) {
    const asset = await scene.get(path);
    t.equal(asset.status, 200, path);
    t.equal(asset.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    t.match(path, /-[0-9a-f]{12}\.(svg|css|js)$/);
    await asset.text();
  }
  t.equal((await scene.get('/assets/style-000000000000.css')).status, 404);
  t.equal((await scene.get('/assets/..%2f..%2fpackage.json')).status, 404);
});

t.test('bodies, heads and paths that are too large, and what is not HTTP', async (t) => {
  await using scene = await webScene();
  const large = await scene.post(
    '/api/v1/sweeps',
    { ...WRITE, 'content-type': 'application/json' },
    `"${'x'.repeat(65_536)}"`,
  );
  t.equal(large.status, 413);
  t.match(await large.json(), { code: 'MPE_BAD_REQUEST' });
  const unknown = await scene.post('/api/v1/sweeps', { ...WRITE, 'content-type': 'text/xml' }, '<x/>');
  t.equal(unknown.status, 415);
  t.match(await unknown.json(), { code: 'MPE_BAD_REQUEST' });

  const head = await exchange(scene, `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`);
  t.match(head, /^HTTP\/1\.1 431 [\s\S]*"code":"MPE_BAD_REQUEST"/);
  const noise = await exchange(scene, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03');
  t.match(noise, /^HTTP\/1\.1 400 [\s\S]*"code":"MPE_BAD_REQUEST","message":"the request is not HTTP"/);
  const smuggled = await exchange(
    scene,
    'POST /api/v1/sweeps HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  );
  t.match(smuggled, /^HTTP\/1\.1 400 /);
  const longKey = await scene.get(`/api/v1/routes/${'a'.repeat(3000)}`);
  t.ok([404, 414].includes(longKey.status), String(longKey.status));
  t.equal((await scene.get('/api/v1/matrix')).status, 200, 'and it is there as before');
});

t.test('too many requests from one address are turned down for a while; health checks never', async (t) => {
  await using scene = await webScene({ requestsPerMinute: 5 });
  for (let at = 0; at < 5; at += 1) t.equal((await scene.get('/api/v1/matrix')).status, 200);
  const more = await scene.get('/api/v1/matrix');
  t.equal(more.status, 429);
  t.ok(Number(more.headers.get('retry-after')) > 0);
  t.match(await more.json(), { code: 'MPE_OVERLOADED', hint: /^Ask again in / });
  t.equal((await scene.get('/nowhere')).status, 429, 'nor is anything else looked for');
  t.equal((await scene.get('/healthz')).status, 200);
  t.equal((await scene.get('/readyz')).status, 200);
});

t.test(
  'connections that ask for nothing, forty times as many as there is room for: whoever asks is answered',
  async (t) => {
    await using scene = await webScene({ maxConnections: 50 });
    const { EventReader } = await import('../support/event-reader.ts');
    using stream = await EventReader.open(`${scene.address}/api/v1/events`);
    await stream.nextBlock();
    const open = new Set<Socket>();
    let most = 0;
    for (let wave = 0; wave < WAVES; wave += 1) {
      const sockets = Array.from({ length: 50 }, (_, at) => {
        const socket = dial(scene);
        open.add(socket);
        socket.resume().once('close', () => open.delete(socket));
        // Some say nothing at all, some begin a request, some send a head and no body.
        if (at % 3 === 1) socket.write('GET /api/v1/matrix HTTP/1.1\r\nhost: loc');
        if (at % 3 === 2) socket.write('POST /sign-in HTTP/1.1\r\nhost: localhost\r\ncontent-length: 900\r\n\r\n');
        return once(socket, 'connect').catch(() => undefined);
      });
      await Promise.all(sockets);
      most = Math.max(most, open.size);
      if (wave % 5 !== 0) continue;
      const response = await fetch(`${scene.address}/healthz`);
      t.equal(response.status, 200, `after ${String((wave + 1) * 50)}`);
      await response.text();
    }
    // Those that nobody has taken in yet, of which a kernel holds 511, are open as well.
    t.ok(most <= 700, `${String(most)} were open at once`);
    const [stored] = scene.store.keep({
      kind: 'sweep',
      atMs: 0,
      sweep: { ...(await import('../support/monitored.ts')).summary('s-1') },
    });
    if (stored !== undefined) scene.monitored.tell(stored);
    t.match(await stream.next(), { event: 'sweep' }, 'the stream is the oldest of all, and is kept');
    t.equal(scene.said.filter((line) => line.includes('connections are open')).length, 1, 'said once');
    for (const socket of open) socket.destroy();
  },
);

t.test('with a certificate it speaks TLS, and tells browsers to stay with it', async (t) => {
  const { key, chain: cert } = issue(MESH, { dnsNames: ['localhost'] });
  await using scene = await webScene({ tls: { key, cert } });
  t.match(scene.address, /^https:/);
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  request(`${scene.address}/healthz`, { ca: MESH.rootPem, servername: 'localhost' }, (response) => {
    response.resume();
    resolve(response.headers['strict-transport-security']);
  })
    .on('error', reject)
    .end();
  t.match(await promise, /max-age=/);
});

t.test('over TLS connections are bounded as well, and those that have ended are not counted', async (t) => {
  const { key, chain: cert } = issue(MESH, { dnsNames: ['localhost', '127.0.0.1'] });
  await using scene = await webScene({ maxConnections: 10, tls: { key, cert } });
  const { EventReader } = await import('../support/event-reader.ts');
  using stream = await EventReader.open(`${scene.address}/api/v1/events`, {}, MESH.rootPem);
  await stream.nextBlock();
  for (let at = 0; at < 30; at += 1) t.equal(await securely(scene.address), 200);
  t.same(scene.said, [], 'one at a time is not too many');

  const plain = await exchange(scene, 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  t.equal(plain, '', 'what does not speak TLS is not waited for');
  const open = new Set<Socket>();
  for (let wave = 0; wave < 5; wave += 1) {
    const sockets = Array.from({ length: 50 }, (_, at) => {
      const socket = dial(scene);
      open.add(socket);
      socket.resume().once('close', () => open.delete(socket));
      // Some say nothing, some begin to shake hands, some do not speak TLS.
      if (at % 3 === 1) socket.write('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'latin1');
      if (at % 3 === 2) socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
      return once(socket, 'connect').catch(() => undefined);
    });
    await Promise.all(sockets);
    t.equal(await securely(scene.address), 200, `after ${String((wave + 1) * 50)}`);
  }
  t.ok(open.size <= 100, `${String(open.size)} are open`);
  const secured = Array.from({ length: 40 }, () => {
    const socket = secure({ port: Number(new URL(scene.address).port), ca: MESH.rootPem, host: 'localhost' });
    socket.on('error', () => undefined);
    open.add(socket.resume());
    return once(socket, 'secureConnect').catch(() => undefined);
  });
  await Promise.all(secured);
  t.equal(await securely(scene.address), 200, 'after some that have shaken hands, and ask for nothing');
  const [stored] = scene.store.keep({
    kind: 'sweep',
    atMs: 0,
    sweep: { ...(await import('../support/monitored.ts')).summary('s-1') },
  });
  if (stored !== undefined) scene.monitored.tell(stored);
  t.match(await stream.next(), { event: 'sweep' }, 'the stream is the oldest of all, and is kept');
  for (const socket of open) socket.destroy();
});

t.test('how long a head or a handshake may take does not depend on TLS', async (t) => {
  const { makeServer } = await import('../../controller/web/server.ts');
  const { key, chain: cert } = issue(MESH, { dnsNames: ['localhost'] });
  const quiet = (): void => undefined;
  const log = { info: quiet, warn: quiet, debug: quiet };
  for (const tls of [undefined, { key, cert }]) {
    const listen = { host: '127.0.0.1', port: 0, ...(tls && { tls }) };
    const app = await makeServer({ access: SCENE_ACCESS, log }, { listen, anonymous: 'none' });
    t.match(app.server, { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 30_000 });

    // As Node reports a handshake whose time is up: with a socket that cannot be written to before the end of it.
    const silent = createServer((raw) => {
      const late = Object.assign(new Error('late'), { code: 'ERR_TLS_HANDSHAKE_TIMEOUT' });
      app.server.emit('clientError', late, new TLSSocket(raw, { isServer: true }));
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    await once(connect(port, '127.0.0.1').resume(), 'close');
    silent.close();
    await app.close();
  }
});

t.test('an address that is taken, or is not ours, is said', async (t) => {
  await using scene = await webScene();
  const { startWeb } = await import('../../controller/web/web.ts');
  const { monitored, store, clock } = scene;
  const quiet = (): void => undefined;
  const start = (host: string, port: number): Promise<unknown> =>
    startWeb(
      {
        monitored,
        store,
        clock,
        log: { info: quiet, warn: quiet, debug: quiet },
        access: { admit: () => Promise.resolve({ kind: 'admitted', name: '' }) },
        metrics: { contentType: '', text: () => Promise.resolve('') },
      },
      { listen: { host, port }, anonymous: 'none' },
    );
  const listeners = monitored.listeners;
  await t.rejects(start('127.0.0.1', Number(new URL(scene.address).port)), { code: 'MPE_PORT_IN_USE' });
  await t.rejects(start('192.0.2.1', 0), { code: 'MPE_INVALID_CONFIG', message: /^cannot listen at 192\.0\.2\.1:0: / });
  t.equal(monitored.listeners, listeners, 'and nothing of it is left');
});
