/** What the machine cannot give us is our own fault, never the target's answer. */
import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import type { StarvedAnswer } from './starved-attempts.ts';

const PROGRAM = fileURLToPath(new URL('starved-attempts.ts', import.meta.url));
/** More than Node itself holds, and few enough to run out of. */
const DESCRIPTORS = `ulimit -n 64 && exec "$0" "$1" descriptors`;
/** In a network of its own a process may say from which ports it goes out; this one has a port to listen and one to go out. */
const PORTS = `ip link set lo up && echo 40000 40001 > /proc/sys/net/ipv4/ip_local_port_range && exec "$0" "$1" ports`;
const OWN_NETWORK = ['-rn', 'sh', '-c'];
const RESOURCE_EXHAUSTED = { kind: 'untested', why: 'resource-exhausted' };

async function starve(program: string, args: readonly string[]): Promise<StarvedAnswer> {
  const { stdout } = await promisify(execFile)(program, [...args, process.execPath, PROGRAM], { timeout: 30_000 });
  return JSON.parse(stdout) as StarvedAnswer;
}

/** Undefined where this user may make a network of his own. */
function noOwnNetwork(): string | undefined {
  try {
    execFileSync('unshare', [...OWN_NETWORK, 'ip link set lo up'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'this system gives us no network namespace of our own';
  }
}

const LIMITS = [
  {
    name: 'no descriptors (EMFILE)',
    code: 'EMFILE',
    run: () => starve('sh', ['-c', DESCRIPTORS]),
    skip: process.platform === 'win32' ? 'no limit on descriptors' : false,
  },
  {
    name: 'no ports (EADDRNOTAVAIL)',
    code: 'EADDRNOTAVAIL',
    run: () => starve('unshare', [...OWN_NETWORK, PORTS]),
    skip: noOwnNetwork() ?? false,
  },
] as const;

for (const { name, code, run, skip } of LIMITS) {
  t.test(`${name}: untested, whatever the probe, and over when there is enough again`, { skip }, async (t) => {
    const { starved, lookup, afterwards } = await run();
    t.equal(starved.length, 4);
    for (const outcome of starved) t.match(outcome, { ...RESOURCE_EXHAUSTED, detail: new RegExp(code) });
    t.match(lookup, { kind: 'untested', why: 'no-address' }, 'a name server that cannot be asked has said nothing');
    t.match(afterwards, { kind: 'reached', status: 200 });
  });
}
