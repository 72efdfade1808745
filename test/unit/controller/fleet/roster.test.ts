import t from 'tap';
import { Roster } from '../../../../controller/fleet/roster.ts';
import type { Position } from '../../../../controller/fleet/roster.ts';
import type { Vantage } from '../../../../proto/vocabulary.ts';

const WEB: Vantage = { namespace: 'shop', serviceAccount: 'web', dataPlane: 'sidecar' };
const KEY = 'shop/web (sidecar)';

function roster(positions: readonly Position[] = []): Roster {
  return new Roster({ heartbeatIntervalMs: 15_000, lostAfterMs: 60_000, positions });
}

t.test('an agent that is expected is connecting for as long as it does not come', (t) => {
  const fleet = roster();
  fleet.expect('a', WEB, 0);
  t.equal(fleet.tick(3_600_000), false);
  t.match(fleet.find('a'), { state: 'connecting', bootId: '' });
  t.end();
});

t.test('silence makes an agent stale, then lost; anything that is heard brings it back', (t) => {
  const timeline: readonly (readonly [number, string, boolean])[] = [
    [44_999, 'up', false],
    [45_000, 'stale', true],
    [59_999, 'stale', false],
    [60_000, 'lost', true],
    [90_000, 'lost', false],
  ];
  const fleet = roster();
  fleet.arrive('a', WEB, 'boot-1', 0);
  for (const [atMs, state, isChanged] of timeline) {
    t.equal(fleet.tick(atMs), isChanged, String(atMs));
    t.equal(fleet.find('a')?.state, state, String(atMs));
  }
  t.match(fleet.find('a'), { why: /45000 ms/ });
  fleet.heard('a', 91_000);
  t.match(fleet.find('a'), { state: 'up', why: '' });
  t.end();
});

t.test('an agent that left has its whole grace to come back', (t) => {
  const fleet = roster();
  fleet.arrive('a', WEB, 'boot-1', 0);
  fleet.leave('a', 'the stream was cut', 50_000);
  t.match(fleet.find('a'), { state: 'stale', why: 'the stream was cut' });
  fleet.tick(109_999);
  t.equal(fleet.find('a')?.state, 'stale');
  fleet.tick(110_000);
  t.match(fleet.find('a'), { state: 'lost', why: 'the stream was cut' });
  t.end();
});

t.test('numbers go on within a start and begin anew with the next', (t) => {
  const fleet = roster();
  t.same(fleet.arrive('a', WEB, 'boot-1', 0), { kind: 'welcome', resumeFrom: 1 });
  t.equal(fleet.count('a', 1, 0), true);
  t.equal(fleet.count('a', 2, 0), true);
  t.equal(fleet.count('a', 2, 0), false);
  fleet.settle({ agentId: 'a', bootId: 'boot-1', sequence: 2 });
  t.same(fleet.arrive('a', WEB, 'boot-1', 10), { kind: 'welcome', resumeFrom: 3 });
  t.same(fleet.arrive('a', WEB, 'boot-2', 20), { kind: 'welcome', resumeFrom: 1 });
  t.equal(fleet.count('a', 1, 0), true);
  t.same(fleet.arrive('a', WEB, 'boot-1', 30), { kind: 'superseded' });
  t.end();
});

t.test('what was counted and is not settled comes again, and is not counted again', (t) => {
  const fleet = roster();
  fleet.arrive('a', WEB, 'boot-1', 0);
  for (const sequence of [1, 2, 3]) t.equal(fleet.count('a', sequence, 0), true);
  fleet.settle({ agentId: 'a', bootId: 'boot-1', sequence: 1 });
  t.same(fleet.arrive('a', WEB, 'boot-1', 10), { kind: 'welcome', resumeFrom: 2 });
  t.equal(fleet.count('a', 2, 0), false);
  t.equal(fleet.count('a', 3, 0), false);
  t.equal(fleet.count('a', 4, 0), true);
  fleet.settle({ agentId: 'a', bootId: 'boot-0', sequence: 4 });
  t.equal(fleet.find('a')?.settledSequence, 1, 'another start of it is not meant');
  t.end();
});

t.test('counting goes on where a former controller left it, for the same start of the agent', (t) => {
  const positions = [{ agentId: 'a', bootId: 'boot-1', sequence: 7 }];
  const same = roster(positions);
  t.same(same.arrive('a', WEB, 'boot-1', 0), { kind: 'welcome', resumeFrom: 8 });
  t.equal(same.count('a', 7, 0), false);
  t.equal(same.count('a', 9, 0), true);
  t.match(same.find('a'), { missingBatches: 1, earlierBatches: 0 });
  const other = roster(positions);
  t.same(other.arrive('a', WEB, 'boot-2', 0), { kind: 'welcome', resumeFrom: 1 });
  t.end();
});

t.test('the first agent of a vantage measures for it, until it is lost', (t) => {
  const fleet = roster();
  t.equal(fleet.holderOf(KEY), undefined);
  fleet.arrive('a', WEB, 'boot-1', 0);
  fleet.arrive('b', WEB, 'boot-1', 0);
  t.equal(fleet.holderOf(KEY)?.id, 'a');
  fleet.leave('a', 'cut', 0);
  t.equal(fleet.holderOf(KEY)?.id, 'a', 'it may resume');
  fleet.lose('a', 'gone');
  t.equal(fleet.holderOf(KEY)?.id, 'b');
  fleet.lose('b', 'gone');
  t.match(fleet.holderOf(KEY), { id: 'a', state: 'lost' });
  t.end();
});

t.test('what nobody knows of changes nothing', (t) => {
  const fleet = roster();
  t.equal(fleet.count('ghost', 1, 0), false);
  fleet.heard('ghost', 0);
  fleet.leave('ghost', 'cut', 0);
  fleet.lose('ghost', 'gone');
  t.same(fleet.agents(), []);
  t.end();
});
