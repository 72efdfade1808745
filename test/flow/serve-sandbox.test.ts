/** `serve --sandbox` as a newcomer meets it: page, API, metrics and a webhook tell of a port that somebody flips. */
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';
import { CliProcess } from '../support/cli-process.ts';
import { PAIR } from '../support/sandbox-sweep.ts';
import { WebhookReceiver } from '../support/webhook-receiver.ts';

/** Another process does it: it has no clock of ours. */
async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (let tries = 0; tries < 400; tries += 1) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await pause(50);
  }
  throw new Error(`never seen: ${what}`);
}

interface Served {
  readonly cli: CliProcess;
  readonly get: (path: string, accept?: string) => Promise<string>;
}

async function serve(t: Test, ...args: readonly string[]): Promise<Served> {
  const cli = new CliProcess(['serve', '--sandbox', PAIR, '--listen', '127.0.0.1:0', '--interval', '1s', ...args]);
  t.teardown(() => cli[Symbol.asyncDispose]());
  await cli.says('stdout', /metrics +http:/);
  const address = /page +(http:\S+)\//.exec(cli.stdout)?.[1] ?? '';
  const get = async (path: string, accept = 'text/html'): Promise<string> =>
    (await fetch(`${address}${path}`, { headers: { accept } })).text();
  await until('a first pass', async () => ((await fetch(`${address}/readyz`)).ok ? true : undefined));
  return { cli, get };
}

async function set(...words: readonly string[]): Promise<void> {
  await using cli = new CliProcess(['sandbox', 'set', ...words]);
  if ((await cli.ended).status !== 0) throw new Error(cli.stderr);
}

interface Posted {
  readonly type: string;
  readonly source: string;
  readonly data: { readonly to?: string; readonly message?: string; readonly objects?: readonly unknown[] };
}

t.test('a port that is flipped is on the page, in the API, in the metrics and at the webhook', async (t) => {
  await using receiver = await WebhookReceiver.start();
  const { cli, get } = await serve(t, '--webhook', receiver.url);
  // A first pass may have found a proxy that was still starting.
  await until('a page that passes', async () => (/<title>PASS/.test(await get('/')) ? true : undefined));
  t.notMatch(await get('/metrics', '*/*'), /^meshproof_route_drift\{/m);

  await set('server:9090', 'mode=PERMISSIVE');
  const posted = await until('a webhook', () =>
    receiver.deliveries
      .map(({ body }) => JSON.parse(body) as Posted)
      .find(({ data }) => data.to === 'exposed' && data.message?.startsWith('outside/naked → pair/server:90 ')),
  );
  t.match(posted, {
    type: 'io.meshproof.transition',
    data: {
      cause: { code: /^MP/, objects: [{ kind: 'PeerAuthentication', namespace: 'pair', name: 'server' }] },
      message: /answered in plaintext although PeerAuthentication pair\/server/,
    },
  });
  t.match(await get('/api/v1/events?after=0', 'application/json'), /"to":"exposed"/);
  await until('a page that fails', async () => (/<title>FAIL/.test(await get('/')) ? true : undefined));
  t.match(await get('/'), /exposed[^]*PeerAuthentication pair\/server/);
  t.match(
    await get('/metrics', '*/*'),
    /^meshproof_route_drift\{source_namespace="outside",[^}]*target_workload="server",port="90",[^}]*finding="exposed"\} 1$/m,
  );
  const matrix = JSON.parse(await get('/api/v1/matrix', 'application/json')) as { readonly verdict: unknown };
  t.match(matrix.verdict, { value: 'fail' });

  await set('server:9090', 'mode=STRICT');
  await until('a page that passes', async () => (/<title>PASS/.test(await get('/')) ? true : undefined));
  await until('metrics without drift', async () =>
    /^meshproof_route_drift\{/m.test(await get('/metrics', '*/*')) ? undefined : true,
  );
  cli.kill('SIGINT');
  t.match(await cli.ended, { status: 0 }, '^C is how it ends');
});

t.test('a history outlives the process that wrote it', async (t) => {
  const store = `sqlite:${t.testdir()}/history.db`;
  const first = await serve(t, '--store', store);
  // What is shown is stored a moment later.
  const ids = await until('a pass that is stored', async () => {
    const before = await first.get('/api/v1/sweeps', 'application/json');
    const found = [...before.matchAll(/"id":"([^"]+)"/g)].map(([, id = '']) => id);
    return found.length > 0 ? found : undefined;
  });
  first.cli.kill('SIGKILL');
  await first.cli.ended;
  const second = await serve(t, '--store', store);
  const after = await second.get('/api/v1/sweeps', 'application/json');
  t.same(
    ids.filter((id) => !after.includes(id)),
    [],
  );
});

t.test('what cannot be served is said at once', async (t) => {
  for (const [args, says] of [
    [['serve'], /MPE_USAGE[^]*--sandbox shop/],
    [['serve', '--sandbox', PAIR, '--in-cluster'], /the sandbox, or a cluster\?/],
    [['serve', '--sandbox', PAIR, '--interval', '500ms'], /shorter than 1s/],
    [['serve', '--sandbox', PAIR, '--listen', 'nowhere'], /--listen nowhere is no address/],
    [['serve', '--sandbox', PAIR, '--tls-cert', 'a.pem'], /belong together/],
  ] as const) {
    await using cli = new CliProcess(args);
    t.match(await cli.ended, { status: 64 }, args.join(' '));
    t.match(cli.stderr, says);
  }
});
