/** What every store has to do so that it does not grow for ever. */
import { hash } from 'node:crypto';
import type { Contract } from './contract.ts';
import { changes, propagation, sweepEnded, tally, transition } from './samples.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;

export const RETENTION_CONTRACT: readonly Contract[] = [
  {
    says: 'what is past its time goes, each kind at its own',
    holds: async (t, open) => {
      await using store = await open({ eventsMs: 10 * HOUR, sweepsMs: 5 * HOUR, minutesMs: 2 * HOUR, documents: 2 });
      await store.takeOver();
      const hours = [0, 1, 2, 3, 4, 5, 6, 7, 8];
      await store.commit(
        changes({
          events: hours.map((hour) => sweepEnded(`s${String(hour)}`, hour * HOUR)),
          documents: hours.map((hour) => ({ sweepId: `s${String(hour)}`, json: '{}' })),
          tallies: hours.map((hour) => tally(hour * HOUR + MINUTE, 1)),
        }),
      );
      t.equal(await store.trim(10 * HOUR + MINUTE), 6 * 2 + 1 + 8 + 1 + 1);
      t.strictSame(
        (await store.sweeps({ limit: 99 })).map(({ id }) => id),
        ['s8', 's7', 's6'],
        'sweeps of the last five hours',
      );
      t.equal((await store.sweep('s6'))?.json, null, 'whole ones: the latest two');
      t.equal((await store.sweep('s7'))?.json, '{}');
      const startsOf = async (width: 'minute' | 'hour'): Promise<readonly number[]> =>
        (await store.tallies({ fromMs: 0, toMs: 99 * HOUR, width })).map(({ minuteMs }) => minuteMs);
      t.strictSame(await startsOf('minute'), [8 * HOUR + MINUTE]);
      t.strictSame(
        await startsOf('hour'),
        [1, 2, 3, 4, 5, 6, 7, 8].map((hour) => hour * HOUR),
      );
      t.equal((await store.events({ limit: 99 })).length, 8, 'all but the first, which ended 900 ms after 0');
      t.equal(await store.trim(10 * HOUR + MINUTE), 0);
    },
  },
  {
    says: 'positions of agents go once nothing came from them for as long as minutes are kept',
    holds: async (t, open) => {
      await using store = await open({ minutesMs: 1000 });
      await store.takeOver();
      const position = (agentId: string, sequence: number) => ({ agentId, bootId: 'one', sequence });
      await store.commit(changes({ positions: [position('gone', 1), position('here', 1)] }));
      t.equal(await store.trim(5000), 0);
      t.equal(await store.trim(6000), 0, 'not yet longer than that');
      await store.commit(changes({ positions: [position('here', 2)] }));
      t.equal(await store.trim(6001), 1);
      t.strictSame((await store.takeOver()).positions, [position('here', 2)]);
    },
  },
  {
    says: 'when the store is too big the oldest goes, of whatever kind, and not more than is needed',
    holds: async (t, open) => {
      const sizeBytes = 2_000_000;
      await using store = await open({ sizeBytes });
      await store.takeOver();
      let atMs = 0;
      for (let round = 0; round < 30; round += 1) {
        const events = Array.from({ length: 50 }, () => ({
          ...transition('web', 1, (atMs += 1)),
          message: noise(atMs),
        }));
        await store.commit(changes({ events: [...events, { ...sweepEnded(`s${String(round)}`, atMs), atMs }] }));
      }
      let gone = 0;
      for (let went = -1; went !== 0; gone += went) went = await store.trim(100_000);
      t.ok(gone > 0, `${String(gone)} went`);
      const left = await store.events({ limit: 1000, beforeId: 1e9 });
      t.strictSame(
        idsOf(left),
        Array.from({ length: left.length }, (_, index) => 1530 - left.length + index + 1),
        'what is left is the latest, without gaps',
      );
      t.ok(left.length >= 300 && left.length <= 1000, `some 3 kB each: ${String(left.length)} are left`);
      const oldest = left[0]?.event.atMs ?? 0;
      const sweeps = (await store.sweeps({ limit: 99 })).map(({ startedAtMs }) => startedAtMs);
      t.ok(sweeps.length > 0 && sweeps.length < 30, 'sweeps went too');
      t.ok(Math.abs((sweeps.at(-1) ?? 0) - oldest) <= 1000, 'about as far back');
    },
  },
  {
    says: 'a commit does not wait until a long trim is over',
    holds: async (t, open) => {
      await using store = await open();
      await store.takeOver();
      await store.commit(changes({ events: Array.from({ length: 6000 }, () => propagation(1)) }));
      // Both have a connection: what making one takes is not what is looked at.
      await Promise.all([store.events({ limit: 1 }), store.events({ limit: 1 })]);
      const order: string[] = [];
      const trimmed = store.trim(1e15).then((gone) => order.push(`trimmed ${String(gone)}`));
      const committed = store.commit(changes({ events: [propagation(1e15)] })).then(() => order.push('committed'));
      await Promise.all([trimmed, committed]);
      t.strictSame(order, ['committed', 'trimmed 6000']);
    },
  },
];

/** Two thousand characters that cannot be packed. */
function noise(seed: number): string {
  return Array.from({ length: 16 }, (_, index) => hash('sha512', `${String(seed)} ${String(index)}`)).join('');
}

function idsOf(events: readonly { readonly id: number }[]): readonly number[] {
  return events.map(({ id }) => id);
}
