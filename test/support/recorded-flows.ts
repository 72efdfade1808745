/** Compares the engine with recordings of a real mesh: one folder a set of policies, next to the `base` of all. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expectFlow } from '../../controller/declared/expect.ts';
import type { Expectation, Flow } from '../../controller/declared/expectation.ts';
import { buildMesh } from '../../controller/declared/mesh.ts';
import { loadSnapshot } from '../../controller/snapshot/files.ts';

interface Observation {
  readonly id: string;
  readonly result: 'allow' | 'deny' | 'mixed';
  readonly transport: string | null;
  readonly identity: string | null;
  readonly httpStatus: number | null;
  readonly signature: string;
}

/** Flows of the set, and a line for each on which engine and recording disagree. */
export async function compareSet(
  folder: string,
  set: string,
): Promise<{ flows: number; disagreements: readonly string[] }> {
  const mesh = buildMesh(await loadSnapshot([join(folder, 'base'), join(folder, set, 'manifests.yaml')]));
  const flows = await lines<Flow>(join(folder, set, 'flows.ndjson'));
  const observed = new Map(
    (await lines<Observation>(join(folder, set, 'observed.ndjson'))).map((line) => [line.id, line]),
  );
  const disagreements = flows.flatMap((flow) => {
    const seen = observed.get(flow.id);
    if (seen === undefined) return [`${set}/${flow.id}: nothing was recorded`];
    const expectation = expectFlow(mesh, flow);
    return differences(expectation, seen).map(
      (difference) => `${set}/${flow.id}: ${difference} (${JSON.stringify(flow)})`,
    );
  });
  return { flows: flows.length, disagreements };
}

async function lines<T>(file: string): Promise<readonly T[]> {
  const text = await readFile(file, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

function differences(declared: Expectation, seen: Observation): readonly string[] {
  if (declared.expect !== seen.result)
    return [`declared ${declared.expect} (${declared.outcome}), seen ${seen.result} (${seen.signature})`];
  // Where endpoints differ, a recording shows the transport of whichever answered.
  if (declared.expect !== 'allow' || declared.endpoints !== undefined) return [];
  const found: string[] = [];
  // An application that answers a handshake in plaintext is recorded as such: the mesh carried TLS.
  const transport = seen.signature === 'app-plaintext' ? 'tls' : seen.transport;
  if (transport !== null && declared.transport !== transport)
    found.push(`declared ${declared.transport}, seen ${transport}`);
  if (seen.identity !== null && declared.identity !== seen.identity)
    found.push(`declared ${String(declared.identity)}, seen ${seen.identity}`);
  if (seen.httpStatus !== null && declared.httpStatus !== undefined && declared.httpStatus !== seen.httpStatus) {
    found.push(`declared status ${String(declared.httpStatus)}, seen ${String(seen.httpStatus)}`);
  }
  return found;
}
