/**
 * A controller for a test to kill: `PORT CA_FILE SLOT ROUTES HANG_AT`. Prints where it listens, then every batch as it is
 * recorded. Assigns half of its routes, and the others when these are acknowledged. At the first batch with route
 * HANG_AT or a later one it stands still before the acknowledgement.
 */
import { writeFileSync } from 'node:fs';
import { DEFAULT_FLEET_OPTIONS, Fleet } from '../../controller/fleet/fleet.ts';
import { systemClock } from '../../proto/system-clock.ts';
import { vantageKey } from '../../proto/vocabulary.ts';
import { BATCH, plannedRoute } from './fleet-scene.ts';

const [port = '0', caFile = '', slot = '0', routes = '0', hangAt = 'Infinity'] = process.argv.slice(2);
const half = Math.ceil(Number(routes) / 2);
/** Long enough for an acknowledgement to be on its way. */
const ON_ITS_WAY_MS = 100;
let recorded = 0;

function say(value: unknown): void {
  writeFileSync(1, `${JSON.stringify(value)}\n`);
}

/** Nobody listens there; the outcome does not matter. */
function assign(from: number, to: number): void {
  const planned = Array.from({ length: to - from + 1 }, (_, index) => ({
    ...plannedRoute(from + index),
    slot: Number(slot),
    addresses: [{ host: '127.0.0.1', port: 1 }],
  }));
  fleet.assign(vantageKey(BATCH), planned);
}

const fleet = await Fleet.start(
  {
    clock: systemClock,
    debug: () => undefined,
    record: ({ reports }) => {
      say(reports.map((report) => [report.route, report.slot, report.attempt].join('/')));
      const own = reports.filter((report) => report.slot === Number(slot));
      recorded += own.length;
      if (own.some(({ route }) => route >= Number(hangAt))) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      }
      if (own.length > 0 && recorded === half) {
        setTimeout(() => {
          assign(half + 1, Number(routes));
        }, ON_ITS_WAY_MS);
      }
      setImmediate(() => {
        const { missingBatches, droppedOutcomes, repeatedBatches, earlierBatches } = fleet.roster.find('batch') ?? {};
        say({ missingBatches, droppedOutcomes, repeatedBatches, earlierBatches });
      });
      return 'kept';
    },
  },
  {
    ...DEFAULT_FLEET_OPTIONS,
    meeting: {
      listen: { host: '127.0.0.1', port: Number(port) },
      host: '127.0.0.1',
      tokens: { check: () => Promise.resolve({ kind: 'accepted' }) },
    },
  },
);
writeFileSync(caFile, fleet.endpoint.caPem);
assign(1, half);
say({ port: fleet.endpoint.address.port });
