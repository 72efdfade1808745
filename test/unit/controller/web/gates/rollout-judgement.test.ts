/** What of two baselines is a rollout's fault. */
import t from 'tap';
import type { Baseline, BaselineCell, BaselineConflict } from '../../../../../controller/gate/baseline.ts';
import { judgeRollout } from '../../../../../controller/web/gates/rollout-judgement.ts';

/** `shop/web → shop/pay:8080 mtls agrees by Kind ns/name`; each part after the target may be left out. */
function cell(text: string): BaselineCell {
  const [, vantage = '', target = '', measured = 'mtls', drift = 'agrees', by] =
    /^(\S+) → (\S+)(?: (\w+))?(?: (\w+))?(?: by (.+))?$/.exec(text) ?? [];
  const objects =
    by === undefined
      ? []
      : by.split(', ').map((object) => {
          const [kind = '', namespace = '', name = ''] = object.split(/[ /]/);
          return { kind, namespace, name, path: '' };
        });
  const table = target.startsWith('pods:') ? 'transport' : 'reachability';
  return {
    ...{ identity: `${table} ${vantage} → ${target}`, table, vantage: `${vantage} (sidecar)`, target, probe: 'http' },
    ...{ expect: 'allow', measured: measured as BaselineCell['measured'], drift: drift as BaselineCell['drift'] },
    ...{ cause: null, message: '', fix: '', objects, attempts: 1, isFlapping: false },
  };
}

function baseline(cells: readonly string[], conflicts: readonly BaselineConflict[] = []): Baseline {
  const time = '2026-01-02T12:00:00.000Z';
  const made = cells.map(cell).sort((a, b) => (a.identity < b.identity ? -1 : 1));
  return {
    ...{ version: 1, name: 'b', sweepId: '', startedAt: time, finishedAt: time, snapshotDigest: '' },
    ...{ cells: made, conflicts },
  };
}

interface Case {
  readonly name: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** @default `shop` alone */
  readonly namespaces?: readonly string[];
  readonly services?: readonly string[];
  readonly verdict: 'pass' | 'fail' | 'inconclusive';
  /** Identities. */
  readonly blames?: readonly string[];
  readonly total: number;
}

const CASES: readonly Case[] = [
  {
    name: 'a route that comes, and is as declared',
    before: ['shop/web → shop/pay:80'],
    after: ['shop/web → shop/pay:80', 'shop/web → shop/pay-canary:80'],
    ...{ verdict: 'pass', total: 2 },
  },
  {
    name: 'a route that comes, and is not',
    before: ['shop/web → shop/pay:80'],
    after: ['shop/web → shop/pay:80', 'shop/web → shop/pay-canary:80 closed blocked'],
    ...{ verdict: 'fail', blames: ['reachability shop/web → shop/pay-canary:80'], total: 2 },
  },
  {
    name: 'pods that go',
    before: ['shop/web → shop/pay:80', 'shop/web → pods:shop/pay-1:80'],
    after: ['shop/web → shop/pay:80'],
    ...{ verdict: 'pass', total: 1 },
  },
  {
    name: 'a caller that goes',
    before: ['shop/web → shop/pay:80', 'shop/cron → shop/pay:80'],
    after: ['shop/web → shop/pay:80'],
    ...{ verdict: 'pass', total: 1 },
  },
  {
    name: 'a service that was answered, and is no more',
    before: ['shop/web → shop/pay:80', 'shop/web → shop/search:80'],
    after: ['shop/web → shop/pay:80'],
    ...{ verdict: 'fail', blames: ['reachability shop/web → shop/search:80'], total: 1 },
  },
  {
    name: 'a service that nobody was let into, and is no more',
    before: ['shop/web → shop/pay:80', 'shop/web → shop/search:80 closed'],
    after: ['shop/web → shop/pay:80'],
    ...{ verdict: 'pass', total: 1 },
  },
  {
    name: 'the transport changes, though all is as declared',
    before: ['shop/web → shop/pay:80'],
    after: ['shop/web → shop/pay:80 plaintext'],
    ...{ verdict: 'fail', blames: ['reachability shop/web → shop/pay:80'], total: 1 },
  },
  {
    name: 'a violation in the place of another one',
    before: ['shop/web → shop/pay:80 closed blocked'],
    after: ['shop/web → shop/pay:80 plaintext downgraded'],
    ...{ verdict: 'fail', blames: ['reachability shop/web → shop/pay:80'], total: 1 },
  },
  {
    name: 'a violation where nothing was known',
    before: ['shop/web → shop/pay:80 unknown unknown'],
    after: ['shop/web → shop/pay:80 closed blocked'],
    ...{ verdict: 'fail', blames: ['reachability shop/web → shop/pay:80'], total: 1 },
  },
  {
    name: 'nothing was known',
    before: ['shop/web → shop/pay:80 unknown unknown'],
    after: ['shop/web → shop/pay:80'],
    ...{ verdict: 'inconclusive', total: 1 },
  },
  {
    name: 'another namespace, whatever happens there',
    before: ['bank/web → bank/ledger:80', 'shop/web → shop/pay:80'],
    after: ['bank/web → bank/ledger:80 plaintext exposed', 'shop/web → shop/pay:80'],
    ...{ verdict: 'pass', total: 1 },
  },
  {
    name: 'what it calls and nobody can measure at the moment',
    before: ['shop/web → bank/ledger:80', 'shop/web → shop/pay:80'],
    after: ['shop/web → bank/ledger:80 unknown unknown', 'shop/web → shop/pay:80'],
    ...{ verdict: 'pass', total: 1 },
  },
  {
    name: 'what it calls is closed by an object of its own',
    before: ['shop/web → bank/ledger:80'],
    after: ['shop/web → bank/ledger:80 closed agrees by DestinationRule shop/ledger, PeerAuthentication bank/default'],
    ...{ verdict: 'fail', blames: ['reachability shop/web → bank/ledger:80'], total: 1 },
  },
  {
    name: 'what it calls is closed by an object of the other one',
    before: ['shop/web → bank/ledger:80', 'shop/web → shop/pay:80'],
    after: ['shop/web → bank/ledger:80 closed agrees by AuthorizationPolicy bank/deny', 'shop/web → shop/pay:80'],
    ...{ verdict: 'pass', total: 2 },
  },
  {
    name: 'the same, from the other side',
    before: ['shop/web → bank/ledger:80'],
    after: ['shop/web → bank/ledger:80 closed agrees by AuthorizationPolicy bank/deny'],
    namespaces: ['bank'],
    ...{ verdict: 'fail', blames: ['reachability shop/web → bank/ledger:80'], total: 1 },
  },
  {
    name: 'who calls it is kept out by an object of its own: that rollout has done it',
    before: ['shop/web → bank/ledger:80', 'bank/web → bank/ledger:80'],
    after: ['shop/web → bank/ledger:80 closed agrees by DestinationRule shop/ledger', 'bank/web → bank/ledger:80'],
    namespaces: ['bank'],
    ...{ verdict: 'pass', total: 2 },
  },
  {
    name: 'a call between two is closed by an object of the whole mesh: it concerns both',
    before: ['shop/web → bank/ledger:80'],
    after: ['shop/web → bank/ledger:80 closed agrees by PeerAuthentication istio-system/default'],
    ...{ verdict: 'fail', blames: ['reachability shop/web → bank/ledger:80'], total: 1 },
  },
  {
    name: 'of one service only',
    before: ['shop/web → shop/pay:80', 'shop/web → shop/search:80', 'shop/web → pods:shop/pay:80'],
    after: ['shop/web → shop/pay:80', 'shop/web → shop/search:80 plaintext exposed', 'shop/web → pods:shop/pay:80'],
    services: ['shop/pay'],
    ...{ verdict: 'pass', total: 2 },
  },
  {
    name: 'of a service in another namespace',
    before: ['shop/web → shop/pay:80', 'shop/web → bank/ledger:80'],
    after: ['shop/web → shop/pay:80', 'shop/web → bank/ledger:80 closed blocked'],
    services: ['bank/ledger'],
    ...{ verdict: 'fail', blames: ['reachability shop/web → bank/ledger:80'], total: 1 },
  },
];

for (const { name, before, after, verdict, blames = [], total, namespaces = ['shop'], services = [] } of CASES) {
  t.test(`${name}: ${verdict}`, (t) => {
    const options = { scope: { namespaces, services }, minCoverage: 1, isStrict: false };
    const judged = judgeRollout(baseline(before), baseline(after), options);
    t.equal(judged.verdict, verdict);
    t.same(
      judged.regressions.map((one) => (one.after ?? one.before).identity),
      blames,
    );
    t.equal(judged.total, total);
    t.equal(judged.why === '', verdict !== 'inconclusive');
    t.end();
  });
}

t.test('conflicts: new ones of a severity that fails, of the namespaces that are answered for', (t) => {
  const conflict = (severity: BaselineConflict['severity'], namespace: string, ...cells: readonly string[]) => ({
    ...{ severity, code: 'MP1003', message: '', fix: '', cells: cells.map((text) => cell(text).identity) },
    objects: [{ kind: 'DestinationRule', namespace, name: severity, path: '' }],
  });
  const cells = ['shop/web → shop/pay:80', 'shop/web → bank/ledger:80'];
  const old = [conflict('critical', 'shop')];
  const meshWide = conflict('error', 'istio-system', 'shop/web → shop/pay:80');
  const now = [
    ...[...old, conflict('error', 'shop'), conflict('warning', 'shop'), meshWide],
    conflict('error', 'bank', 'shop/web → bank/ledger:80'),
    conflict('critical', 'istio-system', 'shop/web → bank/ledger:80'),
  ];
  const options = { scope: { namespaces: ['shop'], services: [] }, minCoverage: 1, isStrict: false };
  const judged = judgeRollout(baseline(cells, old), baseline(cells, now), options);
  t.equal(judged.verdict, 'fail');
  t.same(judged.newConflicts, [conflict('error', 'shop'), meshWide]);
  t.same(judged.standingConflicts, old);
  t.equal(judgeRollout(baseline(cells, old), baseline(cells, old), options).verdict, 'pass');
  t.equal(judgeRollout(baseline(cells, old), baseline(cells, old), { ...options, isStrict: true }).verdict, 'fail');
  t.end();
});

t.test('two rollouts at once: each is told of its own', (t) => {
  const before = baseline(['shop/web → shop/pay:80', 'bank/web → bank/ledger:80']);
  const after = baseline(['shop/web → shop/pay:80 closed blocked', 'bank/web → bank/ledger:80 unknown unknown']);
  const of = (namespace: string): string =>
    judgeRollout(before, after, { scope: { namespaces: [namespace], services: [] }, minCoverage: 1, isStrict: false })
      .verdict;
  t.equal(of('shop'), 'fail');
  t.equal(of('bank'), 'inconclusive');
  t.end();
});
