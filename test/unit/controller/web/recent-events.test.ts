import t from 'tap';
import { RecentEvents } from '../../../../controller/web/recent-events.ts';
import type { StoredEvent } from '../../../../controller/monitor/events.ts';
import { NOON_MS, summary } from '../../../support/monitored.ts';

function event(id: number): StoredEvent {
  return { id, event: { kind: 'sweep', atMs: NOON_MS, sweep: summary('s') } };
}

function ids(recent: RecentEvents, after: number, limit = 10): readonly number[] | undefined {
  return recent.after(after, limit)?.map(({ id }) => id);
}

t.test('it knows what has come since it began, numbers left out or not, and says where it does not know', (t) => {
  const recent = new RecentEvents();
  t.equal(ids(recent, 0), undefined, 'nothing has come, so nothing is known');
  for (const id of [7, 8, 11]) recent.add(event(id));
  t.equal(ids(recent, 5), undefined, '6 may be in the store');
  t.same(ids(recent, 6), [7, 8, 11]);
  t.same(ids(recent, 6, 2), [7, 8]);
  t.same(ids(recent, 8), [11]);
  t.same(ids(recent, 9), [11]);
  t.same(ids(recent, 11), []);
  t.end();
});

t.test('of what it has forgotten it knows nothing', (t) => {
  const recent = new RecentEvents();
  for (let id = 1; id <= 1500; id += 1) recent.add(event(id));
  t.equal(ids(recent, 499), undefined);
  t.same(ids(recent, 500, 1), [501]);
  t.same(ids(recent, 1499), [1500]);
  t.end();
});
