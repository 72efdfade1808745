import t from 'tap';
import { Allowance, shortestIntervalMs, wavesOf } from '../../../../controller/fleet/pacing.ts';
import { routeCells } from '../../../../controller/fleet/routes.ts';
import type { RoutedCell } from '../../../../controller/fleet/routes.ts';
import type { DialTarget } from '../../../../controller/fleet/launcher.ts';
import { DEFAULT_TIMEOUTS } from '../../../../controller/plan/options.ts';
import type { Target } from '../../../../proto/vocabulary.ts';
import { routeKey } from '../../../../proto/vocabulary.ts';

const at = (host: string, pod?: string): DialTarget => ({
  address: { host, port: 80 },
  ...(pod !== undefined && { pod }),
});

/** By name of the target: a pod, a Service behind one address, and one whose two pods are dialled apart. */
const DIALLED: Readonly<Record<string, readonly DialTarget[]>> = {
  pod: [at('10.0.0.1', 'shop/pod')],
  virtual: [at('10.9.0.1')],
  headless: [at('10.0.0.1', 'shop/pod'), at('10.0.0.2', 'shop/other')],
};

function task(name: string, vantage: number, attempts = 1, port = 80): RoutedCell {
  const kind = name === 'pod' ? 'pod' : 'service';
  const target: Target = { kind, namespace: 'shop', name, port };
  const route = {
    vantage: { namespace: 'shop', serviceAccount: `caller-${String(vantage)}`, dataPlane: 'naked' },
    target,
    probe: { kind: 'tcp' },
  } as const;
  const rest = { source: '', authority: '', serverName: '', peerIdentities: [], attempts, ...DEFAULT_TIMEOUTS };
  const [routed] = routeCells(
    [{ table: 'reachability', key: routeKey(route), route, ...rest }],
    () => DIALLED[name] ?? [],
  );
  if (routed === undefined) throw new Error('no route');
  return routed;
}

const many = (name: string, count: number): readonly RoutedCell[] =>
  Array.from({ length: count }, (_, vantage) => task(name, vantage));

/** `time: tasks` of each wave. */
function drawn(tasks: readonly RoutedCell[], attemptsPerSecond: number): readonly string[] {
  return wavesOf(tasks, attemptsPerSecond).map(
    ({ afterMs, tasks: due }) => `${String(afterMs)}: ${String(due.length)}`,
  );
}

t.test('twenty attempts a second on one target are four in every fifth of a second', (t) => {
  t.same(drawn(many('virtual', 10), 20), ['0: 4', '200: 4', '400: 2']);
  t.end();
});

t.test('targets do not wait for each other', (t) => {
  t.same(drawn([...many('virtual', 4), ...many('pod', 4)], 20), ['0: 8']);
  t.end();
});

t.test('ports of one pod, and the ways to it that are known, count together', (t) => {
  const tasks = [...many('pod', 2), task('pod', 0, 1, 90), task('headless', 0), task('pod', 1, 1, 90)];
  t.same(drawn(tasks, 10), ['0: 2', '200: 2', '400: 1']);
  t.end();
});

t.test('a route with many attempts takes the room of as many', (t) => {
  t.same(drawn([task('virtual', 0, 8), task('virtual', 1)], 20), ['0: 1', '400: 1']);
  t.end();
});

t.test('without a ceiling all is handed out at once', (t) => {
  t.same(drawn(many('pod', 1000), Infinity), ['0: 1000']);
  t.end();
});

t.test('no second of a long plan has more attempts on a target than the ceiling and one wave', (t) => {
  const waves = wavesOf(many('pod', 200), 20);
  for (const { afterMs } of waves) {
    const within = waves.filter((wave) => wave.afterMs >= afterMs && wave.afterMs < afterMs + 1000);
    t.ok(within.reduce((sum, { tasks }) => sum + tasks.length, 0) <= 20, `from ${String(afterMs)} ms on`);
  }
  t.equal(
    waves.reduce((sum, { tasks }) => sum + tasks.length, 0),
    200,
  );
  t.end();
});

t.test(
  'what is asked for beside a plan keeps to the half of the ceiling that the plan leaves: half a second of it at once',
  (t) => {
    const allowance = new Allowance(20);
    t.equal(allowance.take(task('pod', 0, 4), 1000), true);
    t.equal(allowance.take(task('pod', 1, 2), 1000), false, 'five attempts are half a second');
    t.equal(allowance.take(task('pod', 1), 1000), true);
    t.equal(allowance.take(task('pod', 2), 1099), false);
    t.equal(allowance.take(task('pod', 2, 1, 90), 1099), false, 'whatever the port');
    t.equal(allowance.take(task('virtual', 0), 1099), true, 'another target');
    t.equal(allowance.take(task('pod', 2), 1100), true);
    t.equal(allowance.take(task('pod', 3), 1100), false);
    t.end();
  },
);

t.test('what takes longer than half a second is attempted when its target is free', (t) => {
  const allowance = new Allowance(20);
  t.equal(allowance.take(task('pod', 0, 12), 0), true);
  t.equal(allowance.take(task('pod', 1, 12), 1199), false);
  t.equal(allowance.take(task('pod', 1, 12), 1200), true);
  t.end();
});

t.test('twice a second, no ten seconds have more attempts on a target than its share and half a second of it', (t) => {
  const allowance = new Allowance(40);
  const taken = Array.from({ length: 40 }, (_, beat) => {
    const due = many('pod', 100).filter((one) => allowance.take(one, beat * 500));
    return due.length;
  });
  t.same(new Set(taken), new Set([10]), 'nor less');
  t.end();
});

t.test('a route to several pods is attempted when all of them are free, and is shared out among them', (t) => {
  const allowance = new Allowance(20);
  allowance.take(task('pod', 0, 5), 0);
  t.equal(allowance.take(task('headless', 0, 2), 99), false);
  t.equal(allowance.take(task('headless', 0, 2), 100), true);
  t.equal(allowance.take(task('pod', 0), 199), false);
  t.equal(allowance.take(task('pod', 0), 200), true);
  t.end();
});

t.test('targets that are free again are not remembered, and what was taken is not forgotten before', (t) => {
  const allowance = new Allowance(20);
  allowance.take(task('pod', 0, 6), 0);
  allowance.sweepOut(599);
  t.equal(allowance.take(task('pod', 0, 5), 599), false);
  allowance.sweepOut(600);
  t.equal(allowance.take(task('pod', 0, 6), 600), true);
  t.end();
});

t.test('without a ceiling everything may be attempted at once', (t) => {
  const allowance = new Allowance(Infinity);
  for (let round = 0; round < 100; round += 1) t.equal(allowance.take(task('pod', 0, 100), 0), true);
  t.end();
});

t.test('an interval is so long that half of the ceiling is enough for it', (t) => {
  t.equal(shortestIntervalMs(many('pod', 100), 20), 10_000);
  t.equal(shortestIntervalMs([...many('pod', 100), ...many('virtual', 30)], 20), 10_000, 'the busiest target counts');
  t.equal(shortestIntervalMs([task('headless', 0, 4), task('pod', 0, 1)], 20), 300, 'two of four at the pod, and one');
  t.equal(shortestIntervalMs([], 20), 0);
  t.equal(shortestIntervalMs(many('pod', 1000), Infinity), 0);
  t.end();
});
