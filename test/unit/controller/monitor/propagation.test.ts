import t from 'tap';
import type { ChangedObject } from '../../../../controller/monitor/events.ts';
import { PropagationWatch } from '../../../../controller/monitor/propagation.ts';

const change = (name: string): ChangedObject => {
  return { kind: 'PeerAuthentication', namespace: 'shop', name, change: 'deleted', resourceVersion: '7' };
};
const STRICT = [change('strict')];
const OTHER = [change('other')];

/** All of it bears on each of these routes. */
function on(changes: readonly ChangedObject[], ...routes: readonly string[]) {
  return new Map(routes.map((route) => [route, changes]));
}

/** The wall's clock is ahead of the other one by this. */
const WALL_MS = 1_700_000_000_000;

t.test('a change is followed from its first cell to its last', (t) => {
  const watch = new PropagationWatch();
  watch.begin(on(STRICT, 'a', 'b', 'c'), WALL_MS, 0);
  watch.follow('b', WALL_MS + 300);
  watch.follow('a', WALL_MS + 1200);
  t.same(watch.finished(1300, WALL_MS + 1300), []);
  t.same([...watch.takeDue(1300)], ['c']);
  watch.follow('c', WALL_MS + 700);
  t.same(watch.finished(2000, WALL_MS + 2000), [
    {
      kind: 'propagation',
      atMs: WALL_MS + 2000,
      objects: STRICT,
      routes: ['b', 'a', 'c'],
      firstMs: 300,
      lastMs: 1200,
      missing: [],
    },
  ]);
  t.same(watch.finished(2001, WALL_MS + 2001), [], 'once');
  t.equal(watch.takeDue(Infinity).size, 0);
  t.end();
});

t.test('only an attempt that began after the change was known shows it, and only the first counts', (t) => {
  const watch = new PropagationWatch();
  watch.begin(on(STRICT, 'a'), WALL_MS, 0);
  watch.follow('a', WALL_MS - 1);
  t.same([...watch.takeDue(250)], ['a']);
  watch.follow('a', WALL_MS);
  watch.follow('a', WALL_MS + 500);
  t.match(watch.finished(600, WALL_MS + 600), [{ firstMs: 0, lastMs: 0, routes: ['a'] }]);
  t.end();
});

t.test('what has not followed within a minute is missing', (t) => {
  const watch = new PropagationWatch();
  watch.begin(on(STRICT, 'a', 'b'), WALL_MS, 5000);
  watch.follow('a', WALL_MS + 400);
  t.same(watch.finished(65_000, WALL_MS + 60_000), []);
  t.match(watch.finished(65_001, WALL_MS + 60_001), [{ routes: ['a'], missing: ['b'], firstMs: 400, lastMs: 400 }]);
  watch.begin(on(STRICT, 'a'), WALL_MS, 70_000);
  t.match(watch.finished(130_001, WALL_MS), [{ routes: [], missing: ['a'], firstMs: 0, lastMs: 0 }]);
  t.end();
});

t.test('a later change of its answer takes a route over', (t) => {
  const watch = new PropagationWatch();
  watch.begin(on(STRICT, 'a', 'b'), WALL_MS, 0);
  watch.follow('a', WALL_MS + 100);
  watch.begin(on(OTHER, 'b'), WALL_MS + 1000, 1000);
  t.match(watch.finished(1000, WALL_MS + 1000), [{ objects: STRICT, routes: ['a'], missing: [] }]);
  watch.follow('b', WALL_MS + 1250);
  t.match(watch.finished(1300, WALL_MS + 1300), [{ objects: OTHER, routes: ['b'], firstMs: 250 }]);
  t.end();
});

t.test('a change that was overtaken before anything showed it is not told', (t) => {
  const watch = new PropagationWatch();
  watch.begin(on(STRICT, 'a'), WALL_MS, 0);
  watch.begin(on(OTHER, 'a'), WALL_MS + 10, 10);
  t.same(watch.finished(20, WALL_MS + 20), []);
  t.same([...watch.takeDue(260)], ['a']);
  watch.follow('a', WALL_MS + 15);
  t.match(watch.finished(30, WALL_MS + 30), [{ objects: OTHER, routes: ['a'] }]);
  t.end();
});

t.test('what has not followed is attempted again and again, at times that grow further apart', (t) => {
  const watch = new PropagationWatch();
  watch.begin(on(STRICT, 'a', 'b'), WALL_MS, 5000);
  t.same([...watch.takeDue(5249)], []);
  t.same([...watch.takeDue(5250)], ['a', 'b']);
  t.same([...watch.takeDue(5251)], [], 'once each time');
  watch.follow('a', WALL_MS + 300);
  t.same([...watch.takeDue(7000)], ['b'], 'two that were due are one look');
  t.same([...watch.takeDue(8999)], []);
  watch.begin(on(OTHER, 'c'), WALL_MS + 4000, 9000);
  t.same([...watch.takeDue(9250)], ['b', 'c'], 'each change has its own times');
  t.same([...watch.takeDue(12_999)], ['c']);
  t.same([...watch.takeDue(13_000)], ['b', 'c']);
  t.end();
});

t.test('each route follows what bears on it, and the change is told with all of it', (t) => {
  const watch = new PropagationWatch();
  watch.begin(new Map([...on(STRICT, 'a'), ...on([...STRICT, ...OTHER], 'b')]), WALL_MS, 0);
  t.same(watch.changeOf('a'), STRICT);
  t.same(watch.changeOf('b'), [...STRICT, ...OTHER]);
  watch.follow('a', WALL_MS + 1);
  watch.follow('b', WALL_MS + 2);
  t.match(watch.finished(3, WALL_MS + 3), [{ objects: [...STRICT, ...OTHER], routes: ['a', 'b'] }]);
  t.end();
});

t.test('routes that are gone are not waited for', (t) => {
  const watch = new PropagationWatch();
  watch.begin(on(STRICT, 'a', 'b'), WALL_MS, 0);
  watch.follow('a', WALL_MS + 100);
  watch.forget('b');
  t.match(watch.finished(200, WALL_MS + 200), [{ routes: ['a'], missing: [] }]);
  t.end();
});

t.test('what a route follows is told until its change is over', (t) => {
  const watch = new PropagationWatch();
  t.equal(watch.changeOf('a'), undefined);
  watch.begin(on(STRICT, 'a', 'b'), WALL_MS, 0);
  t.same(watch.changeOf('a'), STRICT);
  watch.follow('a', WALL_MS + 1);
  t.same(watch.changeOf('a'), STRICT, 'also when it has followed');
  watch.begin(on(OTHER, 'a'), WALL_MS + 10, 10);
  t.same(watch.changeOf('a'), OTHER, 'the latest');
  t.same(watch.changeOf('b'), STRICT);
  watch.follow('a', WALL_MS + 11);
  watch.follow('b', WALL_MS + 11);
  watch.finished(20, WALL_MS + 20);
  t.equal(watch.changeOf('b'), undefined);
  t.end();
});

t.test('a change that no answer depends on is not followed', (t) => {
  const watch = new PropagationWatch();
  watch.begin(on(STRICT), WALL_MS, 0);
  t.same(watch.finished(100_000, WALL_MS), []);
  t.end();
});
