/** Frames that make Node's HTTP/2 abort where garbage is collected in the wrong moment: here it is collected all the time. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';

const PROGRAM = fileURLToPath(new URL('hostile-frames.ts', import.meta.url));
/** Young garbage is collected long before there is much of it. */
const OFTEN = '--stress-scavenge=60';
const TIMEOUT_MS = 30_000;

const PEERS = [
  { peer: 'target', whom: 'the agent that probes it' },
  { peer: 'caller', whom: 'the witness that it asks' },
] as const;

for (const { peer, whom } of PEERS) {
  t.test(`header blocks that do not end well, sent by a ${peer}, do not crash ${whom}`, async (t) => {
    const { stdout } = await promisify(execFile)(process.execPath, [OFTEN, PROGRAM, peer], { timeout: TIMEOUT_MS });
    t.equal(stdout, '960', 'attempts');
  });
}
