/** What every store has to do, whichever database it is in. */
import type { Test } from 'tap';
import type { Changes, EventQuery, Retention, Store, TallyQuery } from '../../../controller/store/store.ts';
import { RETENTION_CONTRACT } from './contract-retention.ts';
import {
  changes,
  conflict,
  conflictChange,
  propagation,
  route,
  routeState,
  sweepEnded,
  sweepSummary,
  tally,
  transition,
} from './samples.ts';

/** Opens the same database each time it is called. */
export type OpenAgain = (retention?: Partial<Retention>) => Promise<Store>;

export interface Contract {
  readonly says: string;
  readonly holds: (t: Test, open: OpenAgain) => Promise<void>;
}

const MINUTE = 60_000;
const HOUR = 3_600_000;
const AUTHORITY = { certificate: 'a certificate', key: 'its key' };

const WRITING_AND_READING: readonly Contract[] = [
  {
    says: 'a new store remembers nothing',
    holds: async (t, open) => {
      await using store = await open();
      t.strictSame(await store.takeOver(), {
        routes: [],
        positions: [],
        nextRouteNumber: 1,
        lastEventId: 0,
        conflicts: [],
        authority: null,
      });
      t.strictSame(await store.events({ limit: 10 }), []);
      t.strictSame(await store.sweeps({ limit: 10 }), []);
      t.equal(await store.sweep('none'), undefined);
      t.equal(await store.trim(1e15), 0);
      t.ok((await store.sizeBytes()) > 0);
    },
  },
  {
    says: 'conflicts that were told and are not over are remembered, as they were told last',
    holds: async (t, open) => {
      {
        await using store = await open();
        await store.takeOver();
        const events = [conflictChange('a', false), conflictChange('b', false), transition('web', 1)];
        await store.commit(changes({ events }));
        await store.commit(changes({ events: [conflictChange('a', true), conflictChange('c', false)] }));
      }
      await using store = await open();
      t.strictSame((await store.takeOver()).conflicts, [conflict('b'), conflict('c')]);
      await store.commit(changes({ events: [conflictChange('a', false), conflictChange('b', true)] }));
      t.strictSame((await store.takeOver()).conflicts, [conflict('c'), conflict('a')]);
    },
  },
  {
    says: 'whoever takes over later remembers what was committed, and hands on from there',
    holds: async (t, open) => {
      {
        await using store = await open();
        await store.takeOver();
        await store.keepAuthority({ certificate: 'an older one', key: 'older' });
        await store.keepAuthority(AUTHORITY);
        await store.commit(
          changes({
            routes: [route('web', 1), route('pay', 7)],
            positions: [
              { agentId: 'a', bootId: 'one', sequence: 4 },
              { agentId: 'b', bootId: 'two', sequence: 2 ** 40 },
            ],
            events: [transition('web', 1)],
          }),
        );
        await store.commit(
          changes({ routes: [route('web', 1, 9)], positions: [{ agentId: 'a', bootId: 'three', sequence: 1 }] }),
        );
      }
      await using store = await open();
      t.strictSame(await store.takeOver(), {
        routes: [
          { key: 'web', number: 1, state: routeState(9) },
          { key: 'pay', number: 7, state: routeState(1) },
        ],
        positions: [
          { agentId: 'a', bootId: 'three', sequence: 1 },
          { agentId: 'b', bootId: 'two', sequence: 2 ** 40 },
        ],
        nextRouteNumber: 8,
        lastEventId: 1,
        conflicts: [],
        authority: AUTHORITY,
      });
    },
  },
  {
    says: 'how far each sink was told is remembered, and nobody but who leads may say so',
    holds: async (t, open) => {
      await using former = await open();
      await former.takeOver();
      t.equal(await former.toldUpTo('webhook-1'), undefined);
      await former.keepToldUpTo('webhook-1', 3);
      await former.keepToldUpTo('webhook-1', 2 ** 40);
      await former.keepToldUpTo('reports', 7);
      await using store = await open();
      await store.takeOver();
      t.equal(await store.toldUpTo('webhook-1'), 2 ** 40);
      t.equal(await store.toldUpTo('reports'), 7);
      await t.rejects(former.keepToldUpTo('reports', 8), { code: 'MPE_STORE_TAKEN_OVER' });
      t.equal(await store.toldUpTo('reports'), 7);
    },
  },
  {
    says: 'numbers of routes that have gone are not given again, and a route that comes back may have another',
    holds: async (t, open) => {
      await using store = await open();
      await store.takeOver();
      await store.commit(changes({ routes: [route('web', 1), route('pay', 2)] }));
      await store.commit(changes({ goneRoutes: ['pay', 'web', 'never there'] }));
      const empty = await store.takeOver();
      t.strictSame(empty.routes, []);
      t.equal(empty.nextRouteNumber, 3);
      await store.commit(changes({ goneRoutes: ['pay'], routes: [route('pay', 3)] }));
      await store.commit(changes({ routes: [route('pay', 4)] }));
      const back = await store.takeOver();
      t.strictSame(back.routes, [route('pay', 4)]);
      t.equal(back.nextRouteNumber, 5);
    },
  },
  {
    says: 'events have ids in their order, without gaps, and never the same again, though all are trimmed',
    holds: async (t, open) => {
      {
        await using store = await open();
        await store.takeOver();
        const first = await store.commit(changes({ events: [transition('web', 1), propagation(2000)] }));
        t.strictSame(first, [
          { id: 1, event: transition('web', 1) },
          { id: 2, event: propagation(2000) },
        ]);
        t.strictSame(await store.commit(changes({})), []);
        t.strictSame(idsOf(await store.commit(changes({ events: [transition('web', 2)] }))), [3]);
        t.equal(await store.trim(1e15), 3);
      }
      await using store = await open();
      t.equal((await store.takeOver()).lastEventId, 3);
      t.strictSame(idsOf(await store.commit(changes({ events: [transition('web', 3), propagation(1)] }))), [4, 5]);
      t.strictSame(await store.events({ limit: 10 }), [
        { id: 4, event: transition('web', 3) },
        { id: 5, event: propagation(1) },
      ]);
    },
  },
  {
    says: 'events are found by id, kind and route, oldest first',
    holds: async (t, open) => {
      await using store = await open();
      await store.takeOver();
      const events = [
        transition('web', 1),
        transition('pay', 1),
        propagation(5),
        transition('web', 2),
        sweepEnded('s1', 9),
        transition('web', 3),
      ];
      await store.commit(changes({ events }));
      const cases: readonly (readonly [EventQuery, readonly number[]])[] = [
        [{ limit: 1000 }, [1, 2, 3, 4, 5, 6]],
        [{ limit: 2 }, [1, 2]],
        [{ limit: 0 }, []],
        [{ limit: 2, afterId: 2 }, [3, 4]],
        [{ limit: 9, afterId: 6 }, []],
        [{ limit: 2, beforeId: 6 }, [4, 5]],
        [{ limit: 9, beforeId: 6, afterId: 3 }, [4, 5]],
        [{ limit: 9, beforeId: 1 }, []],
        [{ limit: 9, kind: 'transition' }, [1, 2, 4, 6]],
        [{ limit: 9, kind: 'sweep' }, [5]],
        [{ limit: 9, route: 'web' }, [1, 4, 6]],
        [{ limit: 2, route: 'web', beforeId: 7 }, [4, 6]],
        [{ limit: 9, route: 'we%' }, []],
        [{ limit: 9, route: 'web\0' }, []],
      ];
      for (const [query, ids] of cases) t.strictSame(idsOf(await store.events(query)), ids, JSON.stringify(query));
    },
  },
  {
    says: 'no answer has more than a thousand events',
    holds: async (t, open) => {
      await using store = await open();
      await store.takeOver();
      await store.commit(changes({ events: Array.from({ length: 1003 }, (_, index) => propagation(index)) }));
      t.equal((await store.events({ limit: 5000 })).length, 1000);
      t.strictSame(idsOf(await store.events({ limit: 5000, afterId: 1000 })), [1001, 1002, 1003]);
    },
  },
  {
    says: 'attempts of a minute are added up, and those of its hour too',
    holds: async (t, open) => {
      await using store = await open();
      await store.takeOver();
      await store.commit(changes({ tallies: [tally(59 * MINUTE, 2), tally(59 * MINUTE, 1), tally(HOUR, 4)] }));
      await store.commit(
        changes({
          tallies: [
            tally(59 * MINUTE, 10),
            tally(59 * MINUTE, 5, { outcome: 'refused' }),
            tally(59 * MINUTE, 6, { targetNamespace: 'web' }),
            tally(59 * MINUTE, 0, { outcome: 'silent' }),
          ],
        }),
      );
      const all = { fromMs: 0, toMs: 2 * HOUR };
      const cases: readonly (readonly [TallyQuery, readonly string[]])[] = [
        [
          { ...all, width: 'minute' },
          ['3540000 pay reached 13', '3540000 pay refused 5', '3540000 web reached 6', '3600000 pay reached 4'],
        ],
        [
          { ...all, width: 'hour' },
          ['0 pay reached 13', '0 pay refused 5', '0 web reached 6', '3600000 pay reached 4'],
        ],
        [{ ...all, width: 'minute', targetNamespace: 'web' }, ['3540000 web reached 6']],
        [{ ...all, width: 'minute', sourceNamespace: 'web' }, []],
        [{ fromMs: HOUR, toMs: 2 * HOUR, width: 'minute' }, ['3600000 pay reached 4']],
        [{ fromMs: HOUR - 1, toMs: HOUR, width: 'minute' }, []],
        [{ ...all, width: 'minute', sourceNamespace: 'a\0' }, []],
      ];
      for (const [query, expected] of cases) {
        const found = (await store.tallies(query)).map(
          ({ minuteMs, targetNamespace, outcome, attempts }) =>
            `${String(minuteMs)} ${targetNamespace} ${outcome} ${String(attempts)}`,
        );
        t.strictSame(found.toSorted(), expected, JSON.stringify(query));
      }
    },
  },
  {
    says: 'sweeps are paged by the begin of the last one, none of them twice',
    holds: async (t, open) => {
      await using store = await open();
      await store.takeOver();
      const begins = [1000.25, 2000.75, 3000.5, 3001];
      await store.commit(
        changes({ events: begins.map((startedAtMs) => sweepEnded(String(startedAtMs), startedAtMs)) }),
      );
      const paged: number[] = [];
      for (let page = await store.sweeps({ limit: 1 }); page[0] !== undefined && paged.length < 9;) {
        paged.push(page[0].startedAtMs);
        page = await store.sweeps({ limit: 1, beforeMs: page[0].startedAtMs });
      }
      t.same(paged, begins.toReversed());
    },
  },
  {
    says: 'sweeps come latest first, and some of them whole',
    holds: async (t, open) => {
      await using store = await open({ sweepsMs: 1000 });
      await store.takeOver();
      const json = JSON.stringify({ cells: ['“détail” 🚧', 'x'.repeat(100_000)] });
      await store.commit(
        changes({
          events: [sweepEnded('s1', 1000), sweepEnded('s2', 2000), sweepEnded('s3', 3000)],
          documents: [{ sweepId: 's2', json }],
        }),
      );
      await store.commit(changes({ documents: [{ sweepId: 's1', json: '{}' }] }));
      t.strictSame(
        (await store.sweeps({ limit: 9 })).map(({ id }) => id),
        ['s3', 's2', 's1'],
      );
      t.strictSame(await store.sweeps({ limit: 1, beforeMs: 3000 }), [sweepSummary('s2', 2000)]);
      t.strictSame(await store.sweep('s2'), { summary: sweepSummary('s2', 2000), json });
      t.strictSame(await store.sweep('s1'), { summary: sweepSummary('s1', 1000), json: '{}' });
      t.strictSame(await store.sweep('s3'), { summary: sweepSummary('s3', 3000), json: null });
      t.equal(await store.sweep("s' or '1'='1"), undefined);
      t.equal(await store.sweep('s1\0'), undefined);
      t.equal(await store.trim(3500), 4, 'two sweeps, both with their documents');
      await store.commit(changes({ documents: [{ sweepId: 's1', json }] }));
      t.equal(await store.sweep('s1'), undefined, 'what comes too late for a sweep that has gone is not kept');
      t.equal((await store.events({ limit: 9 })).length, 3, 'that they took place is remembered longer');
    },
  },
  {
    says: 'a former leader writes nothing any more, and reads on',
    holds: async (t, open) => {
      await using former = await open();
      await using next = await open();
      const refused = { code: 'MPE_STORE_TAKEN_OVER' };
      await t.rejects(former.commit(changes({ events: [propagation(1)] })), refused, 'before it has taken over');
      await former.takeOver();
      await former.keepAuthority(AUTHORITY);
      await former.commit(changes({ routes: [route('web', 1)], events: [propagation(1)], tallies: [tally(0, 1)] }));
      const before = await next.takeOver();
      const everything: Changes = {
        routes: [route('web', 1, 5), route('pay', 2)],
        goneRoutes: ['web'],
        positions: [{ agentId: 'a', bootId: 'one', sequence: 4 }],
        tallies: [tally(0, 100)],
        events: [sweepEnded('s1', 1)],
        documents: [{ sweepId: 's1', json: '{}' }],
      };
      await t.rejects(former.commit(everything), refused);
      await t.rejects(former.keepAuthority({ certificate: '', key: '' }), refused);
      await t.rejects(former.trim(1e15), refused);
      t.strictSame(idsOf(await former.events({ limit: 9 })), [1]);
      t.strictSame((await next.tallies({ fromMs: 0, toMs: 1, width: 'minute' }))[0]?.attempts, 1);
      t.strictSame(await next.takeOver(), before);
      t.strictSame(idsOf(await next.commit(everything)), [2], 'no id is lost on it');
    },
  },
  {
    says: 'a commit of which one part fails changes nothing',
    holds: async (t, open) => {
      await using store = await open();
      await store.takeOver();
      await store.commit(changes({ routes: [route('web', 1)], events: [propagation(1)] }));
      const before = await store.takeOver();
      const twoOfOneNumber: Changes = {
        goneRoutes: ['web'],
        routes: [route('pay', 2), route('cart', 2)],
        positions: [{ agentId: 'a', bootId: 'one', sequence: 4 }],
        tallies: [tally(0, 100)],
        events: [sweepEnded('s1', 1)],
        documents: [],
      };
      await t.rejects(store.commit(twoOfOneNumber), { code: 'MPE_STORE_FAILED' });
      t.strictSame(idsOf(await store.events({ limit: 9 })), [1]);
      t.strictSame(await store.tallies({ fromMs: 0, toMs: 1, width: 'hour' }), []);
      t.strictSame(idsOf(await store.commit(changes({ events: [propagation(2)] }))), [2]);
      t.strictSame(await store.takeOver(), { ...before, lastEventId: 2 });
    },
  },
  {
    says: 'names that a database cannot hold keep nothing else out',
    holds: async (t, open) => {
      await using store = await open();
      await store.takeOver();
      const hostile = transition('web\0\ud800', 1);
      await store.commit(
        changes({
          positions: [{ agentId: 'a\0', bootId: '\udfff\0', sequence: 1 }],
          events: [{ ...hostile, message: 'first bytes: \0\x01\ud800' }],
          tallies: [tally(0, 1, { sourceNamespace: "shop'\0\\" })],
        }),
      );
      t.strictSame((await store.takeOver()).positions, [{ agentId: 'a\ufffd', bootId: '\ufffd\ufffd', sequence: 1 }]);
      const [event] = await store.events({ limit: 1, route: 'web\0\ud800' });
      t.strictSame(event?.event, { ...hostile, message: 'first bytes: \0\x01\ud800' });
      t.equal((await store.tallies({ fromMs: 0, toMs: 1, width: 'hour' })).length, 1);
    },
  },
  {
    says: 'whoever reads while a commit is under way sees all of it or nothing',
    holds: async (t, open) => {
      await using store = await open();
      await store.takeOver();
      const counts = new Set<number>();
      for (let round = 0; round < 5; round += 1) {
        const commit = store.commit(changes({ events: Array.from({ length: 20 }, () => propagation(1)) }));
        const reads = Array.from({ length: 6 }, async () => (await store.events({ limit: 1000 })).length);
        for (const count of await Promise.all(reads)) counts.add(count);
        await commit;
      }
      t.strictSame(
        [...counts].filter((count) => count % 20 !== 0),
        [],
      );
    },
  },
];

export const CONTRACT = [...WRITING_AND_READING, ...RETENTION_CONTRACT];

function idsOf(events: readonly { readonly id: number }[]): readonly number[] {
  return events.map(({ id }) => id);
}
