import t from 'tap';
import { compare } from '../../../../controller/gate/comparison.ts';
import { isAbout, isMeant, missingChange } from '../../../../controller/gate/expected-changes.ts';
import type { ExpectedChange } from '../../../../controller/gate/expected-changes.ts';
import { baseline, cellOf } from '../../../support/baselines.ts';

t.test('patterns name routes by caller, target, table and probe', (t) => {
  const call = cellOf('legacy/batch (naked) → shop/pay:8080 http GET /: closed');
  const pods = cellOf('transport meshproof/prober (naked) → pods:shop/pay:8080 tls istio-http/1.1: closed');
  const cases: readonly (readonly [change: Omit<ExpectedChange, 'becomes'>, call: boolean, pods: boolean])[] = [
    [{ from: 'legacy/batch' }, true, false],
    [{ from: 'legacy/batch (naked)' }, true, false],
    [{ from: 'legacy/batch (sidecar)' }, false, false],
    [{ from: 'legacy/bat' }, false, false],
    [{ from: '*' }, true, true],
    [{ from: '* (naked)' }, true, true],
    [{ from: 'leg*/b*h' }, true, false],
    [{ from: 'legacy/batch*batch' }, false, false],
    [{ to: 'shop/pay' }, true, true],
    [{ to: 'shop/pay:8080' }, true, true],
    [{ to: 'shop/pay:80' }, false, false],
    [{ to: 'shop/p' }, false, false],
    [{ to: 'shop/*' }, true, true],
    [{ to: 'shop/*', table: 'transport' }, false, true],
    [{ to: 'shop/*', probe: 'http' }, true, false],
    [{ to: 'shop/*', probe: 'http GET /' }, true, false],
    [{ to: 'shop/*', probe: 'tls istio-http/1.1' }, false, true],
    [{ from: 'legacy/batch', to: 'shop/cart' }, false, false],
  ];
  for (const [change, isCall, isPods] of cases) {
    const expected = { ...change, becomes: 'open' } as const;
    t.same([isAbout(expected, call), isAbout(expected, pods)], [isCall, isPods], JSON.stringify(change));
  }
  t.end();
});

t.test('a route through a gateway is named with it, or by its target alone', (t) => {
  const cell = cellOf('meshproof/prober (naked) → front/web:80 via edge/gateway:80 (shop.example): closed');
  const via = { ...cell, target: 'front/web:80 via edge/gateway:80 (shop.example)', probe: 'http' };
  t.ok(isAbout({ to: 'front/web:80', becomes: 'open' }, via));
  t.ok(isAbout({ to: 'front/web:80 via edge/gateway:80 (shop.example)', becomes: 'open' }, via));
  t.notOk(isAbout({ to: 'edge/gateway', becomes: 'open' }, via));
  t.end();
});

t.test('what a change has become', (t) => {
  const cases: readonly (readonly [
    becomes: ExpectedChange['becomes'],
    before: string,
    after: string,
    isMeant: boolean,
  ])[] = [
    ['open', 'closed', 'mtls', true],
    ['open', 'closed', 'answered', true],
    ['open', 'mtls', 'mixed blocked', false],
    ['closed', 'mtls', 'closed blocked', true],
    ['blocked', 'mtls', 'closed blocked', true],
    ['exposed', 'closed', 'plaintext exposed', true],
    ['agrees', 'closed blocked', 'mtls', true],
    ['plaintext', 'closed', 'mtls', false],
    ['new', '', 'mtls', true],
    ['new', 'closed', 'mtls', false],
    ['open', '', 'mtls', true],
    ['gone', 'mtls', '', true],
    ['closed', 'mtls', '', false],
  ];
  for (const [becomes, before, after, expected] of cases) {
    const side = (state: string) => baseline(state === '' ? '' : `a/b (naked) → c/d:80: ${state}`);
    const [difference] = compare(side(before), side(after)).differences;
    if (difference === undefined) throw new Error('nothing differs');
    t.equal(isMeant({ to: 'c/d', becomes }, difference), expected, `${becomes}: ${before} → ${after}`);
  }
  t.end();
});

t.test('an expected change has to happen to every route that it names', (t) => {
  const cases: readonly (readonly [change: ExpectedChange, before: string, after: string, why: string])[] = [
    [{ to: 'c/d', becomes: 'closed' }, 'mtls mtls', 'closed closed', 'happened'],
    [{ to: 'c/d', becomes: 'closed' }, 'mtls closed', 'closed closed', 'happened'],
    [{ to: 'c/d', becomes: 'closed' }, 'mtls mtls', 'closed mtls', 'not-so'],
    [{ to: 'c/d', becomes: 'closed' }, 'mtls mtls', 'closed unknown', 'unknown'],
    [{ to: 'c/d', becomes: 'closed' }, 'closed closed', 'closed closed', 'was-so'],
    [{ to: 'c/x', becomes: 'closed' }, 'mtls mtls', 'closed closed', 'no-route'],
    [{ to: 'c/d', becomes: 'gone' }, 'mtls mtls', '', 'happened'],
    [{ to: 'c/d', becomes: 'gone' }, 'mtls mtls', 'mtls', 'not-so'],
    [{ to: 'c/d', becomes: 'new' }, '', 'mtls mtls', 'happened'],
    [{ to: 'c/d', becomes: 'new' }, 'mtls mtls', 'mtls mtls', 'was-so'],
    [{ to: 'c/d', becomes: 'closed' }, 'mtls mtls', '', 'gone'],
  ];
  for (const [expected, was, is, why] of cases) {
    const side = (states: string) =>
      baseline(
        states
          .split(' ')
          .flatMap((state, at) => (state === '' ? [] : [`a/${String(at)} (naked) → c/d:80: ${state}`]))
          .join('\n'),
      );
    const [before, after] = [side(was), side(is)];
    const { differences } = compare(before, after);
    const found = missingChange(expected, { before, after, differences });
    t.equal(found?.why ?? 'happened', why, `${expected.becomes}: ${was} → ${is}`);
  }
  t.end();
});
