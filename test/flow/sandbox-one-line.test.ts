/** The sandbox enforces what reality.yaml says and nothing else: one line of it changes exactly the cells that it is about. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Cell } from '../../controller/judge/finding.ts';
import { PAIR, sweepScenario } from '../support/sandbox-sweep.ts';

interface Change {
  readonly name: string;
  readonly line: string;
  readonly becomes: string;
  /** Cell, outcome before, outcome after, finding after. */
  readonly changes: readonly (readonly [cell: string, before: string, after: string, drift: string])[];
}

const STRICT_PORT = '      9090: { app: http, mode: STRICT }';
const SERVER_9090 = 'meshproof/prober (naked) → pod:pair/server:9090';

const CHANGES: readonly Change[] = [
  {
    name: 'a port that is no longer STRICT opens to plaintext, and answers TLS without an Istio ALPN otherwise',
    line: STRICT_PORT,
    becomes: '      9090: { app: http, mode: PERMISSIVE }',
    changes: [
      ['outside/naked (naked) → pair/server:90 http GET /', 'reset', 'reached', 'exposed'],
      [`${SERVER_9090} http GET /`, 'reset', 'reached', 'exposed'],
      [`${SERVER_9090} tls`, 'certificate-required', 'reset', 'misplaced'],
    ],
  },
  {
    name: 'an application that is gone is missed by those who came through to it',
    line: STRICT_PORT,
    becomes: '      9090: { app: none, chain: http, mode: STRICT }',
    changes: [
      ['pair/meshed (sidecar) → pair/server:90 http GET /', 'reached', 'upstream-refused', 'blocked'],
      ['pair/server (sidecar) → pair/server:90 http GET /', 'reached', 'upstream-refused', 'blocked'],
      [`${SERVER_9090} mtls istio-http/1.1 istio http/1.1`, 'reached', 'upstream-refused', 'blocked'],
    ],
  },
];

t.test('one line of reality.yaml changes exactly the matching cells', async (t) => {
  const before = cellsOf(await sweepScenario(PAIR));
  for (const { name, line, becomes, changes } of CHANGES) {
    await t.test(name, async (t) => {
      const folder = t.testdir();
      cpSync(PAIR, folder, { recursive: true });
      const file = join(folder, 'reality.yaml');
      const text = readFileSync(file, 'utf8');
      t.equal(text.split(line).length, 2, 'the line stands there once');
      writeFileSync(file, text.replace(line, becomes));
      const after = cellsOf(await sweepScenario(folder));
      t.strictSame([...after.keys()], [...before.keys()]);
      const changed = [...after].flatMap(([key, cell]) => {
        const was = wordOf(before.get(key));
        return was === wordOf(cell) ? [] : [[key, was, wordOf(cell), cell.drift]];
      });
      t.strictSame(changed.sort(), [...changes].sort());
    });
  }
});

function cellsOf({ cells }: { readonly cells: readonly Cell[] }): ReadonlyMap<string, Cell> {
  return new Map(cells.map((cell) => [cell.key, cell]));
}

function wordOf(cell: Cell | undefined): string {
  if (cell === undefined) return 'absent';
  return cell.outcome.kind === 'refused' ? cell.outcome.signature : cell.outcome.kind;
}
