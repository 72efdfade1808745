import t from 'tap';
import type { Right } from '../../../../../controller/web/access/access.ts';
import { clusterAccess } from '../../../../../controller/web/access/cluster-access.ts';
import type { Ask } from '../../../../../controller/web/access/cluster-access.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';

const GET: Right = { resource: 'matrix', verb: 'get' };
const CREATE: Right = { resource: 'sweeps', verb: 'create' };
const OPTIONS = { namespace: 'meshproof' };
const never = new AbortController().signal;
const REVIEW = '/apis/authentication.k8s.io/v1/tokenreviews';
const USER = {
  username: 'system:serviceaccount:ops:oncall',
  uid: 'u-1',
  groups: ['system:serviceaccounts', 'system:authenticated'],
  extra: { 'authentication.kubernetes.io/pod-name': ['p'] },
};

interface Asked {
  readonly path: string;
  readonly body: unknown;
}

/** An API server that knows `good`, and lets it get, not create. */
function server(asked: Asked[] = []): Ask {
  return (path, body) => {
    asked.push({ path, body });
    const { spec } = body as { spec: { token?: string; resourceAttributes?: { verb: string } } };
    const isKnown = spec.token === 'good';
    const status =
      path === REVIEW
        ? isKnown
          ? { authenticated: true, user: USER }
          : { authenticated: false, error: 'invalid bearer token, token lookup failed' }
        : { allowed: spec.resourceAttributes?.verb === 'get' };
    return Promise.resolve({ status });
  };
}

t.test('who it is by TokenReview, what they may by SubjectAccessReview, with all that is known of them', async (t) => {
  const asked: Asked[] = [];
  const access = clusterAccess({ ask: server(asked), clock: new ManualClock() }, OPTIONS);
  t.same(await access.admit('good', GET, never), { kind: 'admitted', name: USER.username });
  t.same(asked, [
    { path: REVIEW, body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: 'good' } } },
    {
      path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user: USER.username,
          uid: 'u-1',
          groups: USER.groups,
          extra: USER.extra,
          resourceAttributes: { group: 'meshproof.io', resource: 'matrix', verb: 'get', namespace: 'meshproof' },
        },
      },
    },
  ]);
  t.same(await access.admit('good', CREATE, never), {
    kind: 'forbidden',
    name: USER.username,
    why: 'system:serviceaccount:ops:oncall may not create sweeps.meshproof.io in namespace meshproof',
  });
  t.same(await access.admit('bad', GET, never), {
    kind: 'unauthenticated',
    why: 'the cluster does not know the token',
  });
});

t.test('what was allowed is remembered for a minute, what was refused for five seconds', async (t) => {
  const asked: Asked[] = [];
  const clock = new ManualClock();
  const access = clusterAccess({ ask: server(asked), clock }, OPTIONS);
  const countOf = async (token: string): Promise<number> => {
    const before = asked.length;
    await access.admit(token, GET, never);
    return asked.length - before;
  };
  t.equal(await countOf('good'), 2);
  t.equal(await countOf('bad'), 1);
  await clock.advance(4999);
  t.equal(await countOf('good'), 0);
  t.equal(await countOf('bad'), 0);
  await clock.advance(1);
  t.equal(await countOf('bad'), 1);
  await clock.advance(54_999);
  t.equal(await countOf('good'), 0);
  await clock.advance(1);
  t.equal(await countOf('good'), 2);
});

t.test('who asks while it is being found out waits for the same answer', async (t) => {
  const asked: Asked[] = [];
  const access = clusterAccess({ ask: server(asked), clock: new ManualClock() }, OPTIONS);
  await Promise.all(Array.from({ length: 10 }, () => access.admit('good', GET, never)));
  t.equal(asked.length, 2);
});

t.test('where the API server does not answer nobody is let in, and that is not remembered', async (t) => {
  let isAway = true;
  const good = server();
  const ask: Ask = (path, body, signal) =>
    isAway ? Promise.reject(new Error('connect ECONNREFUSED')) : good(path, body, signal);
  const access = clusterAccess({ ask, clock: new ManualClock() }, OPTIONS);
  t.same(await access.admit('good', GET, never), {
    kind: 'unavailable',
    why: 'the API server does not say who this is: connect ECONNREFUSED',
  });
  isAway = false;
  t.match(await access.admit('good', GET, never), { kind: 'admitted' });
});

t.test('answers that say nothing let nobody in', async (t) => {
  for (const answer of [undefined, null, {}, { status: {} }, { status: { authenticated: 'true' } }, 'yes']) {
    const access = clusterAccess({ ask: () => Promise.resolve(answer), clock: new ManualClock() }, OPTIONS);
    t.match(await access.admit('good', GET, never), { kind: 'unauthenticated' }, JSON.stringify(answer));
  }
});

t.test('with an audience, a token of another one does not count', async (t) => {
  const withAudiences = (audiences: readonly string[] | undefined): Ask => {
    return (path) =>
      Promise.resolve({
        status: path === REVIEW ? { authenticated: true, user: USER, audiences } : { allowed: true },
      });
  };
  const admit = async (audiences: readonly string[] | undefined): Promise<string> => {
    const options = { ...OPTIONS, audiences: ['meshproof-api'] };
    const access = clusterAccess({ ask: withAudiences(audiences), clock: new ManualClock() }, options);
    return (await access.admit('good', GET, never)).kind;
  };
  t.equal(await admit(['meshproof-api']), 'admitted');
  t.equal(await admit(['https://kubernetes.default.svc']), 'unauthenticated');
  t.equal(await admit(undefined), 'unauthenticated', 'a server that knows nothing of audiences');
});

t.test('made-up tokens do not keep the API server busy, and are not kept', async (t) => {
  let under = 0;
  let most = 0;
  const held = Promise.withResolvers<unknown>();
  const ask: Ask = async () => {
    under += 1;
    most = Math.max(most, under);
    await held.promise;
    under -= 1;
    return {};
  };
  const access = clusterAccess({ ask, clock: new ManualClock() }, OPTIONS);
  const answers = Array.from({ length: 500 }, (_, at) => access.admit(`made-up-${String(at)}`, GET, never));
  t.equal(most, 16);
  held.resolve({});
  const kinds = (await Promise.all(answers)).map(({ kind }) => kind);
  t.equal(kinds.filter((kind) => kind === 'unavailable').length, 484);
});

t.test('who stops waiting does not stop the others', async (t) => {
  const held = Promise.withResolvers<unknown>();
  const access = clusterAccess({ ask: () => held.promise, clock: new ManualClock() }, OPTIONS);
  const leaving = new AbortController();
  const one = access.admit('good', GET, leaving.signal);
  const other = access.admit('good', GET, never);
  leaving.abort(new Error('gone'));
  await t.rejects(one, { message: 'gone' });
  held.resolve({ status: { authenticated: false } });
  t.match(await other, { kind: 'unauthenticated' });
});
