/** Kills controllers at random moments, and looks at what they leave behind. */
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { openStore } from '../../../controller/store/open-store.ts';
import type { Seeded } from '../seeded.ts';
import { checkWhole } from './numbered.ts';

const CHILD = fileURLToPath(new URL('commit-until-killed.ts', import.meta.url));
const MOST_COMMITS = 12;

type Child = ChildProcessByStdio<Writable, Readable, null>;

export interface Killing {
  readonly url: string;
  readonly rounds: number;
  readonly random: Seeded['random'];
  /** What befalls the store of a round before who works with it dies; resolves when the store can be opened again. */
  readonly beforeKill?: (round: number) => (() => Promise<void>) | undefined;
}

/**
 * Throws where something acknowledged is lost, something is there in part or twice, or an id is left out. Resolves to
 * the number of commits.
 */
export async function killAgainAndAgain({ url, rounds, random, beforeKill }: Killing): Promise<number> {
  let stored = 0;
  // The next one loads its modules meanwhile.
  let next = start(url);
  try {
    for (let round = 0; round < rounds; round += 1) {
      const child = next;
      next = start(url);
      const acknowledged = await endAfter(child, Math.floor(random() * MOST_COMMITS), beforeKill?.(round));
      await using store = await openStore(url);
      const found = await checkWhole(store);
      assert.ok(found >= acknowledged, `${String(acknowledged)} were acknowledged, ${String(found)} are there`);
      assert.ok(found <= Math.max(acknowledged, stored) + 1, 'at most one was under way');
      stored = found;
    }
    return stored;
  } finally {
    next.kill('SIGKILL');
  }
}

function start(url: string): Child {
  // Without what the test runner has every process of Node load.
  return spawn(process.execPath, [CHILD, url], { env: {}, stdio: ['pipe', 'pipe', 'ignore'] });
}

/** Resolves to the last number that it said. */
async function endAfter(child: Child, commits: number, beforeKill: (() => Promise<void>) | undefined): Promise<number> {
  let said = '';
  const linesOf = (): readonly string[] => said.split('\n').slice(0, -1);
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const closed = once(child, 'close');
  child.stdin.write('go\n');
  while (linesOf().length < commits) await Promise.race([once(child.stdout, 'data'), closed.then(gaveUp)]);
  await beforeKill?.();
  // Also then: one that was between two connections finds the store as it was, and goes on.
  child.kill('SIGKILL');
  await closed;
  return Number(linesOf().at(-1) ?? 0);
}

function gaveUp(): never {
  throw new Error('it ended by itself');
}
