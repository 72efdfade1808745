/** Who gets in: by header, by cookie, without a token; and who does not, and what is said of it. */
import t from 'tap';
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { NO_TOKENS } from '../../controller/web/access/access.ts';
import type { Access } from '../../controller/web/access/access.ts';
import { TOKENS, webScene } from '../support/web-scene.ts';

const READ = { authorization: `Bearer ${TOKENS.read}` };
const WRITE = { authorization: `Bearer ${TOKENS.write}` };
const BAD = { authorization: 'Bearer somebody-elses-token' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const PROTECTED = [
  '/',
  '/api/v1/matrix',
  '/api/v1/routes/x',
  '/api/v1/sweeps',
  '/api/v1/sweeps/x',
  '/api/v1/sweeps/requests/x',
  '/api/v1/explain?source=a/b&target=c/d:1',
  '/api/v1/events',
  '/routes/x',
  '/live',
  '/live/changes?since=1',
  '/metrics',
];
const OPEN = ['/healthz', '/readyz', '/openapi.json', '/sign-in'];

t.test('without a token there is nothing to see, except that the controller lives and how to ask it', async (t) => {
  await using scene = await webScene({ anonymous: 'none' });
  for (const path of PROTECTED) {
    const response = await scene.get(path);
    t.equal(response.status, 401, path);
    t.equal(response.headers.get('www-authenticate'), 'Bearer realm="meshproof"');
    t.match(await response.json(), { code: 'MPE_REQUEST_REFUSED', hint: /Authorization: Bearer/ });
  }
  for (const path of OPEN) {
    const response = await scene.get(path);
    t.equal(response.status, 200, path);
    await response.text();
  }
});

t.test('rights: whoever may look may not ask for a sweep', async (t) => {
  const cases: readonly (readonly [
    anonymous: 'none' | 'read',
    headers: Readonly<Record<string, string>>,
    get: number,
    post: number,
  ])[] = [
    ['none', {}, 401, 401],
    ['none', BAD, 401, 401],
    ['none', READ, 200, 403],
    ['none', WRITE, 200, 202],
    ['none', { authorization: 'Basic cmVhZGVyOng=' }, 401, 401],
    ['none', { cookie: `other=1; meshproof_token=${TOKENS.write}` }, 200, 202],
    ['none', { cookie: 'meshproof_token=%E0%A4%A' }, 401, 401],
    ['none', { ...BAD, cookie: `meshproof_token=${TOKENS.write}` }, 401, 401],
    ['read', {}, 200, 401],
    ['read', BAD, 200, 401],
    ['read', READ, 200, 403],
    ['read', WRITE, 200, 202],
  ];
  for (const [anonymous, headers, get, post] of cases) {
    await using scene = await webScene({ anonymous });
    const name = `${anonymous}, ${JSON.stringify(headers)}`;
    const looked = await scene.get('/api/v1/matrix', headers);
    t.equal(looked.status, get, `looks: ${name}`);
    await looked.text();
    const asked = await scene.post('/api/v1/sweeps', headers);
    t.equal(asked.status, post, `asks: ${name}`);
    await asked.text();
  }
});

t.test('what is refused is logged once for each cause, and never with the token', async (t) => {
  await using scene = await webScene({ anonymous: 'none' });
  for (let at = 0; at < 20; at += 1) {
    await (await scene.get('/api/v1/matrix', BAD)).text();
    await (await scene.get('/api/v1/matrix')).text();
    await (await scene.post('/api/v1/sweeps', READ)).text();
  }
  t.same(scene.said, [
    'GET /api/v1/matrix was refused: the token is not known (said once)',
    'GET /api/v1/matrix was refused: there is no token in the request (said once)',
    'POST /api/v1/sweeps was refused: reader may not create sweeps (said once)',
  ]);
});

t.test('where nobody can tell who asks, nobody gets in', async (t) => {
  const access: Access = { admit: () => Promise.resolve({ kind: 'unavailable', why: 'the API server is away' }) };
  await using scene = await webScene({ anonymous: 'none', access });
  const response = await scene.get('/api/v1/matrix', READ);
  t.equal(response.status, 503);
  t.match(await response.json(), { code: 'MPE_REQUEST_REFUSED', message: /the API server is away/ });
});

t.test('a browser signs in with a token, which it keeps where no script can read it, and out again', async (t) => {
  await using scene = await webScene({ anonymous: 'none' });
  const page = await scene.get('/', { accept: 'text/html' });
  t.equal(page.status, 401);
  t.match(await page.text(), /<form class="sign-in" method="post" action="\/sign-in">/);

  const wrong = await scene.post('/sign-in', FORM, 'token=nobody-knows-this');
  t.equal(wrong.status, 401);
  t.equal(wrong.headers.get('set-cookie'), null);
  t.match(await wrong.text(), /That did not work: the token is not known/);

  const right = await scene.post('/sign-in', FORM, `token=${TOKENS.read}`);
  t.equal(right.status, 303);
  t.equal(right.headers.get('location'), '/');
  const cookie = right.headers.get('set-cookie') ?? '';
  t.equal(cookie, `meshproof_token=${TOKENS.read}; Path=/; HttpOnly; SameSite=Strict`);
  const [pair = ''] = cookie.split(';');
  const seen = await scene.get('/', { accept: 'text/html', cookie: pair });
  t.equal(seen.status, 200);
  t.match(await seen.text(), /action="\/sign-out"/);

  const out = await scene.post('/sign-out', { cookie: pair });
  t.equal(out.status, 303);
  t.match(out.headers.get('set-cookie'), /^meshproof_token=; .*Max-Age=0/);
  t.notMatch(scene.said.join('\n'), TOKENS.read);
});

t.test('behind TLS, of its own or of a proxy, the cookie stays there', async (t) => {
  await using scene = await webScene({ anonymous: 'none' });
  const behind = await scene.post('/sign-in', { ...FORM, 'x-forwarded-proto': 'https' }, `token=${TOKENS.read}`);
  t.match(behind.headers.get('set-cookie'), /; Secure$/);
});

t.test('another site cannot make a browser ask for a sweep, or sign it in', async (t) => {
  await using scene = await webScene();
  for (const site of ['cross-site', 'same-site']) {
    const headers = { ...WRITE, 'sec-fetch-site': site };
    t.equal((await scene.post('/api/v1/sweeps', headers)).status, 403, site);
    t.equal((await scene.post('/sign-in', { ...headers, ...FORM }, `token=${TOKENS.read}`)).status, 403, site);
  }
  t.equal((await scene.post('/api/v1/sweeps', { ...WRITE, 'sec-fetch-site': 'same-origin' })).status, 202);
  t.equal(scene.monitored.sweepSignals.length, 1);
});

t.test('on loopback, nobody gets in by a name of their own (DNS rebinding)', async (t) => {
  await using scene = await webScene();
  const { port } = new URL(scene.address);
  t.equal(await statusAs(port, 'rebound.example'), 421);
  t.equal(await statusAs(port, `rebound.example:${port}`), 421);
  t.equal(await statusAs(port, `localhost:${port}`), 200);
  t.equal(await statusAs(port, `127.0.0.1:${port}`), 200);
});

t.test('a controller without any way to tell tokens apart lets nobody in by token', async (t) => {
  await using scene = await webScene({ anonymous: 'none', access: NO_TOKENS });
  const response = await scene.get('/api/v1/matrix', WRITE);
  t.equal(response.status, 401);
  await response.text();
});

function statusAs(port: string, host: string): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const headers: IncomingHttpHeaders = { host };
  request({ host: '127.0.0.1', port, path: '/api/v1/matrix', headers }, (response) => {
    response.resume();
    resolve(response.statusCode);
  })
    .on('error', reject)
    .end();
  return promise;
}
