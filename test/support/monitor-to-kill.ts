/**
 * A monitor for a test to kill: `STORE PORT`. Prints where it listens and whom to trust, a line of JSON, and then nothing.
 * Its agents are there already, whoever they are.
 */
import { writeFileSync } from 'node:fs';
import { Monitor } from '../../controller/standing/monitor.ts';
import type { Launcher } from '../../controller/fleet/launcher.ts';
import type { StateSource } from '../../controller/snapshot/state-source.ts';
import { openStore } from '../../controller/store/open-store.ts';
import { systemClock } from '../../proto/system-clock.ts';
import { vantageKey } from '../../proto/vocabulary.ts';
import { MONITOR_OPTIONS } from './monitor-scene.ts';
import { HeldSource, pulsingShop } from './pulsing-shop.ts';

const [url = ':memory:', port = '0'] = process.argv.slice(2);
process.stdin.resume().on('end', () => process.exit());
const { signal } = new AbortController();
await using shop = pulsingShop();
const launcher: Launcher = {
  trustDomain: shop.trustDomain,
  place: shop.place,
  addressesOf: shop.addressesOf,
  onLost: shop.onLost,
  meeting: {
    listen: { host: '127.0.0.1', port: Number(port) },
    host: '127.0.0.1',
    tokens: { check: () => Promise.resolve({ kind: 'accepted' }) },
  },
  launch: (vantages, { address, caPem, expect }) => {
    for (const vantage of vantages) expect(vantageKey(vantage), vantage);
    writeFileSync(1, `${JSON.stringify({ port: address.port, caPem })}\n`);
    return Promise.resolve();
  },
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
await using store = await openStore(url);
/** As a cluster's would, it takes a while: agents are quicker. */
const READ_MS = 300;
const held = new HeldSource();
const read = systemClock.sleep(READ_MS);
const source: StateSource = { syncedAtMs: held.syncedAtMs, current: () => read.then(held.current) };
const deps = { source, launcher, store, clock: systemClock, debug: () => undefined };
await using monitor = await Monitor.start(deps, MONITOR_OPTIONS);
await monitor.run(signal);
