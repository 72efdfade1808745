import { inspect } from 'node:util';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import t from 'tap';
import { locate, openStore } from '../../../../controller/store/open-store.ts';
import { MeshproofError } from '../../../../proto/errors.ts';

const PASSWORD = 'hunter2:swordfish';

t.test('a URL says which database it is', (t) => {
  const cases: readonly (readonly [url: string, kind: string, location: string])[] = [
    [':memory:', 'sqlite', ':memory:'],
    ['sqlite::memory:', 'sqlite', ':memory:'],
    ['sqlite:/var/lib/meshproof/store.sqlite', 'sqlite', '/var/lib/meshproof/store.sqlite'],
    ['sqlite:store.sqlite', 'sqlite', 'store.sqlite'],
    ['store.sqlite', 'sqlite', 'store.sqlite'],
    ['/var/lib/a b/store', 'sqlite', '/var/lib/a b/store'],
    ['postgres://mesh:secret@db.shop:5433/mesh?sslmode=verify-full', 'postgres', 'postgres://db.shop:5433/mesh'],
    ['postgresql://db/mesh', 'postgres', 'postgres://db/mesh'],
    ['postgres://mesh:se%40cret@/mesh?host=/run/postgresql', 'postgres', 'postgres:///run/postgresql/mesh'],
    ['postgres:///mesh?host=/run/postgresql&password=secret', 'postgres', 'postgres:///run/postgresql/mesh'],
  ];
  for (const [url, kind, location] of cases) t.match(locate(url), { kind, location }, url);
  t.end();
});

t.test('what is no URL of a store is told so, without what is in it', async (t) => {
  const cases: readonly (readonly [url: string, message: RegExp])[] = [
    ['', /has no path/],
    ['sqlite:', /has no path/],
    [`mysql://mesh:${PASSWORD}@db/mesh`, /no store of the kind "mysql"/],
    [`http://mesh:${PASSWORD}@db/mesh`, /no store of the kind "http"/],
    [`postgres://mesh:${PASSWORD}#@db/mesh`, /cannot be read/],
    [`postgres://mesh:${PASSWORD}@db:port/mesh`, /cannot be read/],
  ];
  for (const [url, message] of cases) {
    const error = await failureOf(url);
    t.equal(error.code, 'MPE_INVALID_CONFIG', url);
    t.match(error.message, message);
    t.notMatch(told(error), 'swordfish', 'without the password');
  }
});

t.test(
  'a PostgreSQL that cannot be reached is told with its place and what to do, and without the password',
  async (t) => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    t.teardown(() => silent.close());
    const rude = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    rude.listen(0, '127.0.0.1');
    await once(rude, 'listening');
    t.teardown(() => rude.close());
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const closed = portOf(gone);
    gone.close();
    await once(gone, 'close');

    const cases: readonly (readonly [name: string, place: string, message: RegExp, hint: RegExp])[] = [
      ['nobody listens', `127.0.0.1:${String(closed)}/mesh`, /ECONNREFUSED/, /host and port/],
      ['no answer comes', `127.0.0.1:${String(portOf(silent))}/mesh`, /timeout/i, /host and port/],
      ['something else answers', `127.0.0.1:${String(portOf(rude))}/mesh`, /./, /./],
      ['there is no such socket', 'localhost/mesh?host=/nonexistent/folder', /ENOENT/, /socket/],
      ['a file of its URL is missing', '127.0.0.1/mesh?sslmode=verify-full&sslrootcert=/none.pem', /none\.pem/, /./],
    ];
    for (const [name, place, message, hint] of cases) {
      const error = await failureOf(`postgres://mesh:${encodeURIComponent(PASSWORD)}@${place}`);
      t.equal(error.code, 'MPE_STORE_FAILED', name);
      t.match(error.message, message, name);
      t.match(error.message, /^cannot open the store postgres:\/\//, name);
      t.match(error.hint, hint, name);
      t.notMatch(told(error), 'swordfish', name);
    }
  },
);

function portOf(server: { address: () => string | AddressInfo | null }): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function failureOf(url: string): Promise<MeshproofError> {
  try {
    await openStore(url, { timeoutMs: 150 });
  } catch (error) {
    if (error instanceof MeshproofError) return error;
    throw error;
  }
  throw new Error('it was opened');
}

/** All that a log could hold of it. */
function told(error: MeshproofError): string {
  return inspect(error, { depth: 20, showHidden: true }) + error.hint;
}
