/** What test/fixtures/store/v1.*.sql hold, which every later version has to read. */
import { readFileSync } from 'node:fs';
import type { Test } from 'tap';
import type { Store } from '../../../controller/store/store.ts';

const MIDNIGHT = Date.UTC(2026, 0, 1);

export function firstVersion(database: 'sqlite' | 'postgres'): string {
  return readFileSync(new URL(`../../fixtures/store/v1.${database}.sql`, import.meta.url), 'utf8');
}

export async function readsFirstVersion(t: Test, store: Store): Promise<void> {
  t.strictSame(await store.takeOver(), {
    routes: [
      {
        key: 'shop/web/sidecar|shop/pay:8080|http GET /',
        number: 1,
        state: {
          drift: 'agrees',
          access: 'open',
          sinceMs: MIDNIGHT + 2000,
          recent: ['exposed', 'agrees'],
          changesAtMs: [MIDNIGHT + 1000, MIDNIGHT + 2000],
          sequence: 2,
        },
      },
    ],
    positions: [{ agentId: 'agent-web', bootId: 'b1', sequence: 41 }],
    nextRouteNumber: 3,
    lastEventId: 4,
    conflicts: [],
    authority: {
      certificate: '-----BEGIN CERTIFICATE-----\nof a test\n-----END CERTIFICATE-----\n',
      key: 'a key of a test\n',
    },
  });
  const events = await store.events({ limit: 1000 });
  t.match(events, [
    { id: 1, event: { kind: 'transition', sequence: 1, drift: { from: 'agrees', to: 'exposed' } } },
    { id: 2, event: { kind: 'transition', sequence: 2, message: 'shop/web → shop/pay:8080' } },
    { id: 3, event: { kind: 'sweep', sweep: { id: 'sweep-1' } } },
    { id: 4, event: { kind: 'sweep', sweep: { id: 'sweep-2' } } },
  ]);
  t.equal(events.length, 4);
  t.match(await store.sweeps({ limit: 9 }), [{ id: 'sweep-2' }, { id: 'sweep-1', verdict: { value: 'pass' } }]);
  t.equal((await store.sweep('sweep-1'))?.json, '{"kind":"Sweep","id":"sweep-1"}');
  const attemptsOf = async (width: 'minute' | 'hour'): Promise<readonly number[]> =>
    (await store.tallies({ fromMs: 0, toMs: 1e15, width })).map(({ attempts }) => attempts).toSorted((a, b) => b - a);
  t.strictSame(await attemptsOf('minute'), [12, 3]);
  t.strictSame(await attemptsOf('hour'), [12, 3]);
  t.equal(await store.trim(1e15), 4 + 2 + 1 + 2 + 2, 'and it is trimmed as what is new');
}
