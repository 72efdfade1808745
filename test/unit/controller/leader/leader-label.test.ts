import t from 'tap';
import type { ApiAnswer, ApiRequest } from '../../../../controller/api-server/kubernetes-api.ts';
import { leaderLabel } from '../../../../controller/leader/leader-label.ts';

const OWN = { namespace: 'meshproof', podName: 'meshproof-a' };
const { signal } = new AbortController();

interface Scene {
  readonly label: ReturnType<typeof leaderLabel>;
  readonly asked: ApiRequest[];
}

/** `labelled`: pods that have it. */
function scene(labelled: readonly string[], answers: Readonly<Record<string, ApiAnswer>> = {}): Scene {
  const asked: ApiRequest[] = [];
  const ask = (request: ApiRequest): Promise<ApiAnswer> => {
    asked.push(request);
    const items = labelled.map((name) => ({ metadata: { name } }));
    return Promise.resolve(answers[request.path] ?? { status: 200, body: { items } });
  };
  return { label: leaderLabel({ ask }, OWN), asked };
}

function said({ access: { verb, apiGroup, resource, namespace }, path, body, contentType }: ApiRequest): unknown[] {
  return [`${verb} ${apiGroup}/${resource} ${namespace ?? ''}`, path, body, contentType];
}

const PODS = '/api/v1/namespaces/meshproof/pods';
const MERGED = 'application/merge-patch+json';
const patched = (pod: string, value: string | null): unknown[] => [
  'patch /pods meshproof',
  `${PODS}/${pod}`,
  { metadata: { labels: { 'meshproof.io/leader': value } } },
  MERGED,
];
const LISTED = ['list /pods meshproof', `${PODS}?labelSelector=meshproof.io%2Fleader`, undefined, undefined];

t.test('it is put on our own pod', async (t) => {
  const { label, asked } = scene([]);
  await label.putOn(signal);
  t.same(asked.map(said), [LISTED, patched('meshproof-a', 'true')]);
});

t.test('before that, it is taken off whoever has it still: nobody else leads', async (t) => {
  const { label, asked } = scene(['meshproof-b', 'meshproof-a', 'meshproof-c']);
  await label.putOn(signal);
  t.same(asked.map(said), [
    LISTED,
    patched('meshproof-b', null),
    patched('meshproof-c', null),
    patched('meshproof-a', 'true'),
  ]);
});

t.test('a former leader that is gone meanwhile is no trouble', async (t) => {
  const gone = { status: 404, body: { message: 'pods "meshproof-b" not found' } };
  const { label, asked } = scene(['meshproof-b'], { [`${PODS}/meshproof-b`]: gone });
  await label.putOn(signal);
  t.same(asked.map(said).at(-1), patched('meshproof-a', 'true'));
});

t.test('it is taken off, whether it is there or not', async (t) => {
  const { label, asked } = scene([]);
  await label.takeOff(signal);
  t.same(asked.map(said), [patched('meshproof-a', null)]);
});

for (const [what, path, status] of [
  ['where we are not there', `${PODS}/meshproof-a`, 404],
  ['where the server does not take it', `${PODS}/meshproof-a`, 422],
  ['where nobody says who has it', `${PODS}?labelSelector=meshproof.io%2Fleader`, 400],
] as const) {
  t.test(`it is not put on ${what}, and that is said`, async (t) => {
    const { label } = scene([], { [path]: { status, body: { message: 'in the words of the server' } } });
    await t.rejects(label.putOn(signal), {
      code: 'MPE_CLUSTER_UNREACHABLE',
      message: 'pod meshproof/meshproof-a cannot be labelled: in the words of the server',
    });
  });
}
