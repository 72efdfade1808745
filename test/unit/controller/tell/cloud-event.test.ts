import t from 'tap';
import { cloudEvent } from '../../../../controller/tell/cloud-event.ts';
import type { ChangedObject, MonitorEvent } from '../../../../controller/monitor/events.ts';
import { NOON_MS, driftingCell, summary, transition } from '../../../support/monitored.ts';
import { cause } from '../../../support/sweeps.ts';

const blocked = driftingCell({ source: 'shop/web', to: 'shop/pay:8080' }, 'blocked');
const policy: ChangedObject = {
  kind: 'PeerAuthentication',
  namespace: 'shop',
  name: 'default',
  change: 'changed',
  resourceVersion: '7',
};
const propagation: MonitorEvent = {
  kind: 'propagation',
  atMs: NOON_MS,
  objects: [policy],
  routes: ['a route'],
  firstMs: 200,
  lastMs: 900,
  missing: [],
};

t.test('an event of each kind, with the attributes that CloudEvents 1.0 asks for', (t) => {
  const conflict = { severity: 'error', cause: cause('MP1002', 'x'), cells: [], isConfirmed: false } as const;
  for (const [event, type, subject] of [
    [transition(blocked), 'io.meshproof.transition', 'shop/web (sidecar) → shop/pay:8080 http GET /'],
    [{ kind: 'conflict', atMs: NOON_MS, isOver: true, conflict }, 'io.meshproof.conflict', 'MP1002'],
    [propagation, 'io.meshproof.propagation', 'PeerAuthentication shop/default'],
    [{ kind: 'sweep', atMs: NOON_MS, sweep: summary('s-9') }, 'io.meshproof.sweep', 's-9'],
  ] as const) {
    t.same(cloudEvent({ id: 41, event }, '/meshproof/lab'), {
      specversion: '1.0',
      id: '41',
      source: '/meshproof/lab',
      type,
      time: '2026-01-02T12:00:00.000Z',
      subject,
      datacontenttype: 'application/json',
      data: event,
    });
  }
  t.end();
});

t.test('lists are cut at 100 items, and what is left out is said', (t) => {
  const routes = Array.from({ length: 10_000 }, (_, at) => `route ${String(at)}`);
  const attempts = Array.from({ length: 101 }, () => blocked.attempts[0]).filter((one) => one !== undefined);
  const { data } = cloudEvent({ id: 1, event: { ...propagation, routes } }, '/m');
  t.match(data, { routes: routes.slice(0, 100), missing: [], leftOut: { routes: 9900 } });
  t.equal((data['routes'] as readonly string[]).length, 100);
  const many = cloudEvent({ id: 1, event: transition(blocked, { attempts }) }, '/m');
  t.match(many.data, { leftOut: { attempts: 1 } });
  t.end();
});

t.test('an event with everything at its limit stays below 64 KiB', (t) => {
  const long = 'x'.repeat(300);
  const routes = Array.from({ length: 10_000 }, () => long);
  const body = JSON.stringify(cloudEvent({ id: 1, event: { ...propagation, routes, missing: routes } }, '/m'));
  t.ok(body.length < 64 * 1024, String(body.length));
  t.end();
});
