import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import t from 'tap';
import { quitSidecar } from '../../agent/sidecar-exit.ts';
import type { Farewell } from '../../agent/sidecar-exit.ts';
import type { Address } from '../../proto/vocabulary.ts';

async function withServer(listener: RequestListener, tries: (address: Address) => Promise<void>): Promise<void> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  try {
    await tries({ host: '127.0.0.1', port });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

t.test('the sidecar is asked to quit, by POST', async (t) => {
  const asked: string[] = [];
  await withServer(
    (request, response) => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
      response.end();
    },
    async (address) => {
      t.strictSame(await quitSidecar(address), { kind: 'told' } satisfies Farewell);
    },
  );
  t.strictSame(asked, ['POST /quitquitquit']);
});

t.test('a sidecar that has gone before is no failure, one that does not listen to us is', async (t) => {
  let closed: Address = { host: '127.0.0.1', port: 0 };
  await withServer(
    (_request, response) => response.writeHead(403).end(),
    async (address) => {
      closed = address;
      t.strictSame(await quitSidecar(address), { kind: 'failed', why: 'it answered 403' });
    },
  );
  t.strictSame(await quitSidecar(closed), { kind: 'gone' });
});

t.test('a sidecar that says nothing holds nobody up', async (t) => {
  await withServer(
    () => undefined,
    async (address) => {
      t.match(await quitSidecar(address, 20), { kind: 'failed' });
    },
  );
});
