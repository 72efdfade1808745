import t from 'tap';
import { Changes } from '../../../../../controller/web/page/changes.ts';
import type { PageChanges } from '../../../../../controller/web/page/changes.ts';
import { RouteNames } from '../../../../../controller/web/page/route-names.ts';
import { viewOf } from '../../../../../controller/web/page/view.ts';
import type { View } from '../../../../../controller/web/page/view.ts';
import type { Current } from '../../../../../controller/monitor/current.ts';
import { currentOf, drawnCells, driftingCell, FakeMonitored } from '../../../../support/monitored.ts';

const CELLS = drawnCells({ rows: 3, columns: 3 });
const names = new RouteNames();

function view(current: Current): View {
  return viewOf({ ...current, isStalled: false }, { events: [], isWhole: true }, names);
}

function since(changes: Changes, { tag }: View): PageChanges {
  const found = changes.since(tag);
  if (found.isAnother) throw new Error('another page');
  return found;
}

t.test('each reader is told what has changed since it looked, and no more', (t) => {
  const monitored = new FakeMonitored(currentOf(CELLS));
  const changes = new Changes();
  const first = view(monitored.current());
  changes.show(first);
  t.same(since(changes, first).marks, []);
  t.same(since(changes, first).parts, {});

  monitored.changeCells([driftingCell({ source: 'ns-0/app-1', to: 'ns-0/app-1:8080' }, 'exposed')]);
  const second = view(monitored.current());
  changes.show(second);
  const label =
    'exposed: ns-0/app-1 (sidecar) to ns-0/app-1:8080, http GET /, answered in plaintext, status 200; finding 1';
  t.same(since(changes, first).marks, [['c4', 'exposed', '○1', label]]);
  t.same(Object.keys(since(changes, first).parts), ['head', 'drift-list']);
  t.match(since(changes, first).title, /^FAIL: /);
  t.same(since(changes, second).marks, []);

  monitored.changeCells([driftingCell({ source: 'ns-0/app-2', to: 'ns-0/app-0:8080' }, 'unknown')]);
  const third = view(monitored.current());
  changes.show(third);
  const ids = ({ marks }: PageChanges): readonly string[] => marks.map(([id]) => id);
  t.same(ids(since(changes, first)), ['c4', 'c6']);
  t.same(ids(since(changes, second)), ['c6']);
  t.same(ids(since(changes, third)), []);
  t.end();
});

t.test('what is the same again is not told', (t) => {
  const monitored = new FakeMonitored(currentOf(CELLS));
  const changes = new Changes();
  const first = view(monitored.current());
  changes.show(first);
  monitored.changeCells(CELLS);
  changes.show(view(monitored.current()));
  t.same(since(changes, first).marks, []);
  t.end();
});

t.test('with other rows or columns, or for a reader of before a restart, it is another page', (t) => {
  const monitored = new FakeMonitored(currentOf(CELLS));
  const changes = new Changes();
  const first = view(monitored.current());
  changes.show(first);
  t.same(changes.since('1-1-0'), { isAnother: true });
  monitored.change({ routes: monitored.current().routes.slice(1) });
  const second = view(monitored.current());
  changes.show(second);
  t.same(changes.since(first.tag), { isAnother: true });
  t.same(since(changes, second).marks, []);
  t.end();
});
