import t from 'tap';
import { Unsaved } from '../../../../controller/store/unsaved.ts';
import type { RouteState } from '../../../../controller/monitor/route-state.ts';
import { transition } from '../../../support/store/samples.ts';

const MINUTE_MS = 60_000;
const STATE: RouteState = {
  drift: 'agrees',
  access: 'open',
  sinceMs: 1,
  recent: [],
  changesAtMs: [],
  sequence: 1,
};
const PLACE = { sourceNamespace: 'shop', targetNamespace: 'legacy', probe: 'http' };
const NOTHING = { positions: [], routes: [], goneRoutes: [], tallies: [], events: [], documents: [] };

t.test('everything since the last commit is taken once', (t) => {
  const unsaved = new Unsaved();
  t.equal(unsaved.isEmpty, true);
  const position = { agentId: 'web', bootId: 'boot-1', sequence: 3 };
  const route = { key: 'a', number: 1, state: STATE };
  unsaved.position(position);
  unsaved.route(route);
  unsaved.goneRoute('b');
  unsaved.attempt(MINUTE_MS + 1, PLACE, 'reached');
  unsaved.event(transition('a', 1), transition('a', 2));
  unsaved.document('sweep-1', '{}');
  t.equal(unsaved.isEmpty, false);
  t.same(unsaved.take(), {
    positions: [position],
    routes: [route],
    goneRoutes: ['b'],
    tallies: [{ minuteMs: MINUTE_MS, ...PLACE, outcome: 'reached', attempts: 1 }],
    events: [transition('a', 1), transition('a', 2)],
    documents: [{ sweepId: 'sweep-1', json: '{}' }],
  });
  t.equal(unsaved.isEmpty, true);
  t.same(unsaved.take(), NOTHING);
  t.end();
});

t.test('of an agent and of a route only the latest counts', (t) => {
  const unsaved = new Unsaved();
  unsaved.position({ agentId: 'web', bootId: 'boot-1', sequence: 3 });
  unsaved.position({ agentId: 'web', bootId: 'boot-2', sequence: 1 });
  unsaved.route({ key: 'a', number: 1, state: STATE });
  unsaved.route({ key: 'a', number: 1, state: { ...STATE, sequence: 2 } });
  const { positions, routes } = unsaved.take();
  t.same(positions, [{ agentId: 'web', bootId: 'boot-2', sequence: 1 }]);
  t.match(routes, [{ state: { sequence: 2 } }]);
  t.equal(routes.length, 1);
  t.end();
});

t.test('a route is either known or gone', (t) => {
  const unsaved = new Unsaved();
  unsaved.route({ key: 'a', number: 1, state: STATE });
  unsaved.goneRoute('a');
  unsaved.goneRoute('b');
  unsaved.route({ key: 'b', number: 2, state: STATE });
  const { routes, goneRoutes } = unsaved.take();
  t.same(
    routes.map(({ key }) => key),
    ['b'],
  );
  t.same(goneRoutes, ['a']);
  t.end();
});

t.test('attempts are counted by the minute in which they began, by place and by what they came to', (t) => {
  const unsaved = new Unsaved();
  for (const atMs of [0, 59_999, 60_000]) unsaved.attempt(atMs, PLACE, 'reached');
  unsaved.attempt(1, PLACE, 'refused');
  unsaved.attempt(1, { ...PLACE, probe: 'tcp' }, 'reached');
  unsaved.attempt(1, { ...PLACE, sourceNamespace: 'legacy' }, 'reached');
  unsaved.attempt(1, { ...PLACE, targetNamespace: 'shop' }, 'reached');
  const drawn = unsaved
    .take()
    .tallies.map(({ minuteMs, sourceNamespace, targetNamespace, probe, outcome, attempts }) =>
      [minuteMs, sourceNamespace, targetNamespace, probe, outcome, attempts].join(' '),
    );
  t.same(drawn, [
    '0 shop legacy http reached 2',
    '60000 shop legacy http reached 1',
    '0 shop legacy http refused 1',
    '0 shop legacy tcp reached 1',
    '0 legacy legacy http reached 1',
    '0 shop shop http reached 1',
  ]);
  t.end();
});

t.test('what could not be committed comes first, and as it was: the store may have taken it after all', (t) => {
  const unsaved = new Unsaved();
  unsaved.attempt(0, PLACE, 'reached');
  unsaved.event(transition('a', 1));
  const first = unsaved.take();
  unsaved.restore(first);
  t.equal(unsaved.isEmpty, false);
  unsaved.attempt(0, PLACE, 'reached');
  unsaved.event(transition('a', 2));
  t.equal(unsaved.take(), first);
  const second = unsaved.take();
  t.match(second, { tallies: [{ attempts: 1 }], events: [{ sequence: 2 }] });
  t.equal(unsaved.isEmpty, true);
  t.match(first, { tallies: [{ attempts: 1 }], events: [{ sequence: 1 }] }, 'and was not touched');
  t.end();
});
