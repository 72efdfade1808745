import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import type { Flow } from '../../controller/declared/expectation.ts';
import type { Manifest } from '../support/oracle/manifests.ts';
import { opinions } from '../support/oracle/oracle.ts';
import type { Opinion } from '../support/oracle/oracle.ts';

/** All recordings where there are some, else those that are kept here. */
const folder = process.env['MESHPROOF_TRUTH'] ?? 'test/fixtures/truth';

interface Observation {
  readonly id: string;
  readonly result: 'allow' | 'deny' | 'mixed';
  readonly transport: string | null;
  readonly identity: string | null;
  readonly signature: string;
}

t.test('the slow evaluator says of every recorded flow what a real mesh did', { timeout: 120_000 }, async (t) => {
  const base = await readdir(join(folder, 'base'));
  const mesh = (await Promise.all(base.map((file) => manifestsOf(join(folder, 'base', file))))).flat();
  const sets = (await readdir(folder)).filter((name) => /^\d+$/.test(name)).sort();
  t.ok(sets.length >= 9, 'there are recordings');
  for (const set of sets) {
    const objects = [...mesh, ...(await manifestsOf(join(folder, set, 'manifests.yaml')))];
    const flows = await lines<Flow>(join(folder, set, 'flows.ndjson'));
    const seen = await lines<Observation>(join(folder, set, 'observed.ndjson'));
    const wrong = flows.flatMap((flow) => {
      const observation = seen.find(({ id }) => id === flow.id);
      return observation === undefined ? [`${flow.id}: not seen`] : difference(opinions(objects, flow), observation);
    });
    t.strictSame(wrong, [], `set ${set}: ${String(flows.length)} flows`);
  }
});

async function manifestsOf(file: string): Promise<readonly Manifest[]> {
  const documents = parseAllDocuments(await readFile(file, 'utf8'));
  return documents.map((document) => document.toJS() as Manifest | null).filter((object) => object !== null);
}

async function lines<Line>(file: string): Promise<readonly Line[]> {
  const text = await readFile(file, 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

function difference(said: readonly Opinion[], seen: Observation): readonly string[] {
  const [first] = said;
  const expects = new Set(said.map(({ expect }) => expect));
  const expect = expects.size > 1 ? 'mixed' : first?.expect;
  if (first === undefined || expect !== seen.result) {
    return [`${seen.id}: said ${said.map(({ outcome }) => outcome).join(', ')}, seen ${seen.result} ${seen.signature}`];
  }
  // Where endpoints differ in transport, the recording shows that of whichever answered.
  if (expect !== 'allow' || said.some(({ transport }) => transport !== first.transport)) return [];
  const transport = seen.signature === 'app-plaintext' ? 'tls' : seen.transport;
  return [
    ...(transport === null || transport === first.transport
      ? []
      : [`${seen.id}: said ${first.transport}, seen ${transport}`]),
    ...(seen.identity === null || seen.identity === first.identity
      ? []
      : [`${seen.id}: said ${String(first.identity)}, seen ${seen.identity}`]),
  ];
}
