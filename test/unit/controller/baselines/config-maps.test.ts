import { randomBytes } from 'node:crypto';
import t from 'tap';
import type { ApiAnswer, ApiRequest } from '../../../../controller/api-server/kubernetes-api.ts';
import { MAX_PACKED_BYTES, configMaps } from '../../../../controller/baselines/config-maps.ts';
import { fields, text } from '../../../../controller/declared/reading.ts';
import { baseline, cellOf, conflict } from '../../../support/baselines.ts';

const SIGNAL = new AbortController().signal;
const BEFORE = baseline('legacy/batch (naked) → shop/pay:80 http: closed blocked', { conflicts: [conflict('MP1005')] });

/** ConfigMaps of one namespace, as an API server keeps them. */
class ConfigMaps {
  readonly objects = new Map<string, unknown>();
  readonly asked: string[] = [];
  hasNamespace = true;

  readonly ask = ({ access, path, body }: ApiRequest): Promise<ApiAnswer> => {
    this.asked.push(`${access.verb} ${access.resource} ${access.namespace ?? ''}`);
    return Promise.resolve(this.#answer(access.verb, path, body));
  };

  #answer(verb: string, path: string, body: unknown): ApiAnswer {
    const [, name = ''] = /\/configmaps\/([^?]+)$/.exec(path) ?? [];
    const own = text(fields(body, 'metadata')['name']) ?? name;
    if (!this.hasNamespace)
      return { status: verb === 'list' ? 200 : 404, body: { message: 'namespaces "x" not found' } };
    switch (verb) {
      case 'list':
        return { status: 200, body: { items: [...this.objects.values()] } };
      case 'create':
        if (this.objects.has(own)) return { status: 409, body: { reason: 'AlreadyExists' } };
        this.objects.set(own, body);
        return { status: 201, body };
      case 'update':
        this.objects.set(own, body);
        return { status: 200, body };
      case 'delete':
        return { status: this.objects.delete(name) ? 200 : 404, body: {} };
      default:
        return this.objects.has(name) ? { status: 200, body: this.objects.get(name) } : { status: 404, body: {} };
    }
  }
}

t.test('a baseline is kept in a ConfigMap of its name, listed, read and deleted', async (t) => {
  const api = new ConfigMaps();
  const store = configMaps(api, 'meshproof');
  await store.save(BEFORE, false, SIGNAL);
  t.match(api.objects.get('meshproof-baseline-before'), {
    kind: 'ConfigMap',
    metadata: {
      namespace: 'meshproof',
      labels: { 'app.kubernetes.io/part-of': 'meshproof', 'meshproof.io/baseline': 'before' },
    },
    binaryData: { 'baseline.json.gz': /^H4sI/ },
  });
  t.same(await store.load('before', SIGNAL), BEFORE);
  t.ok(await store.has('before', SIGNAL));
  t.match(await store.list(SIGNAL), [
    { name: 'before', finishedAt: '2026-03-01T12:00:05.000Z', cells: 1, violations: 2, sizeBytes: Number },
  ]);
  await store.delete('before', SIGNAL);
  t.notOk(await store.has('before', SIGNAL));
  t.same(await store.list(SIGNAL), []);
  t.same(new Set(api.asked.map((words) => words.split(' ').slice(1).join(' '))), new Set(['configmaps meshproof']));
});

t.test('what is there is replaced only where that was asked for; the same once more is no other', async (t) => {
  const store = configMaps(new ConfigMaps(), 'meshproof');
  await store.save(BEFORE, false, SIGNAL);
  await t.resolves(store.save(BEFORE, false, SIGNAL), 'an outage has swallowed the first answer');
  const other = { ...BEFORE, sweepId: 'another' };
  await t.rejects(store.save(other, false, SIGNAL), { code: 'MPE_USAGE', hint: /--force/ });
  await store.save(other, true, SIGNAL);
  t.equal((await store.load('before', SIGNAL)).sweepId, 'another');
});

t.test('what is not there is told with the nearest name that is', async (t) => {
  const store = configMaps(new ConfigMaps(), 'meshproof');
  await t.rejects(store.load('before', SIGNAL), { code: 'MPE_USAGE', hint: /They hold none/ });
  await store.save(BEFORE, false, SIGNAL);
  await t.rejects(store.load('befor', SIGNAL), {
    message: 'the ConfigMaps of namespace meshproof hold no baseline befor',
    hint: 'Did you mean before?',
  });
  await t.rejects(store.delete('x', SIGNAL), { code: 'MPE_USAGE', hint: 'They hold before.' });
  for (const name of ['Before', '-x', 'a/b', '../x', 'a'.repeat(43)]) {
    await t.rejects(store.load(name, SIGNAL), { code: 'MPE_USAGE', message: /cannot be the name/ }, name);
  }
});

t.test('what does not fit is refused before it is sent, with its size', async (t) => {
  const api = new ConfigMaps();
  const cells = Array.from({ length: 20 }, (_, at) => ({
    ...cellOf(`a/${String(at)} (naked) → c/d:80 http: closed`),
    message: randomBytes(MAX_PACKED_BYTES / 20).toString('hex'),
  }));
  const large = { ...BEFORE, cells };
  await t.rejects(configMaps(api, 'meshproof').save(large, false, SIGNAL), {
    code: 'MPE_USAGE',
    message: /^baseline before does not fit into a ConfigMap: \d+ KiB compressed, of 20 cells; there is room for 960$/,
    hint: /--file/,
  });
  t.same(api.asked, []);
});

t.test('without an installation there is no place', async (t) => {
  const api = new ConfigMaps();
  api.hasNamespace = false;
  await t.rejects(configMaps(api, 'x').save(BEFORE, false, SIGNAL), {
    code: 'MPE_NOT_INSTALLED',
    message: /namespaces "x" not found/,
  });
});

t.test('what somebody has spoilt is told as such', async (t) => {
  const api = new ConfigMaps();
  const metadata = { labels: { 'meshproof.io/baseline': 'bad' }, annotations: { 'meshproof.io/summary': '{' } };
  api.objects.set('meshproof-baseline-bad', { metadata, binaryData: { 'baseline.json.gz': 'H4sI' } });
  const store = configMaps(api, 'meshproof');
  t.match(await store.list(SIGNAL), [{ name: 'bad', finishedAt: '', cells: 0 }]);
  await t.rejects(store.load('bad', SIGNAL), {
    code: 'MPE_UNREADABLE_INPUT',
    message: /ConfigMap meshproof\/meshproof-baseline-bad/,
  });
});
