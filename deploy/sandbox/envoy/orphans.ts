/** Envoys whose owner was killed: they hear nothing of it, and go on listening. */
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isGone, parseIdentity } from '../process-identity.ts';

/** In an Envoy's folder: the socket of its admin endpoint, and which process it is. */
export const ADMIN_SOCKET = 'admin';
export const IDENTITY_FILE = 'process';

/** Of one process; it ends at once when it is asked. */
const END_WITHIN_MS = 3_000;
const POLL_MS = 10;

/** Ends every Envoy that has its folder in this folder. Resolves when they are gone. */
export async function endOrphans(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  await Promise.all(entries.filter((entry) => entry.isDirectory()).map(({ name }) => end(join(folder, name))));
}

async function end(folder: string): Promise<void> {
  const identity = parseIdentity(await readFile(join(folder, IDENTITY_FILE), 'utf8').catch(() => ''));
  if (identity === undefined || (await isGone(identity))) return;
  const deadline = AbortSignal.timeout(END_WITHIN_MS);
  // By its socket, and not by its number: only the one that is meant hears it.
  await askToQuit(join(folder, ADMIN_SOCKET), deadline);
  while (!deadline.aborted && !(await isGone(identity))) await sleep(POLL_MS);
}

async function askToQuit(socketPath: string, signal: AbortSignal): Promise<void> {
  const question = request({ socketPath, method: 'POST', path: '/quitquitquit', agent: false, signal });
  question.end();
  try {
    const [response] = (await once(question, 'response')) as [IncomingMessage];
    response.resume();
  } catch {
    // It is ending already, or has never come up; what is waited for is its end.
  }
}
