/** Laws of the readiness report: with its exceptions STRICT breaks nothing that it can save, and none of them is too many. */
import fc from 'fast-check';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { expectFlow } from '../../controller/declared/expect.ts';
import type { Flow } from '../../controller/declared/expectation.ts';
import { buildMesh } from '../../controller/declared/mesh.ts';
import type { Mesh } from '../../controller/declared/mesh.ts';
import type { K8sObject } from '../../controller/declared/objects.ts';
import { fields, isFields } from '../../controller/declared/reading.ts';
import type { Fields } from '../../controller/declared/reading.ts';
import { openness } from '../../controller/gate/flip.ts';
import { overlay } from '../../controller/gate/overlay.ts';
import { previewer } from '../../controller/gate/preview.ts';
import { readinessOf } from '../../controller/gate/readiness.ts';
import type { Readiness } from '../../controller/gate/readiness.ts';
import { strictPolicies } from '../../controller/gate/strict.ts';
import { manifestText } from '../../controller/publish/preview-manifests.ts';
import { parseDocuments } from '../../controller/snapshot/documents.ts';
import { snapshotOf } from '../../controller/snapshot/files.ts';
import { objectsOf } from '../../controller/snapshot/objects.ts';
import { effort, patienceMs } from '../support/arbitrary/effort.ts';
import { manifests } from '../support/arbitrary/mesh.ts';
import { textOf } from '../support/arbitrary/snapshot.ts';

interface Scene {
  readonly strict: readonly K8sObject[];
  readonly readiness: Readiness;
  /** What works before STRICT and not with it, by key of its cell. */
  readonly broken: ReadonlyMap<string, { readonly flow: Flow; readonly openBefore: number }>;
}

function meshOf(objects: readonly K8sObject[]): Mesh {
  return buildMesh(snapshotOf(objects));
}

function sceneOf(text: string): Scene {
  const source = { file: 'mesh.yaml', text };
  const base = snapshotOf(parseDocuments(source).flatMap((document) => objectsOf(source, document))).objects;
  const before = meshOf(base);
  const strict = overlay(base, strictPolicies(before, base, []), []).objects;
  const after = meshOf(strict);
  const { questions, ask, finish } = previewer(before, after);
  for (const flow of questions()) ask(flow);
  const preview = finish([]);
  const flips = preview.groups.filter(({ kind }) => kind === 'breaks').flatMap((group) => group.flips);
  const broken = flips.flatMap(({ flow, before: was, after: is }) =>
    flow === undefined ? [] : [[is.key, { flow, openBefore: openness(was.expectation) }] as const],
  );
  const readiness = readinessOf({ before, after, strict, preview, meshOf });
  return { strict, readiness, broken: new Map(broken) };
}

/** As kubectl apply --server-side would: what is there is merged into, and what is not is made. */
function applied(strict: readonly K8sObject[], documents: readonly Fields[]): Mesh {
  const changed = documents.map((document) => {
    const blank = { labels: {}, annotations: {}, ownerReferences: [] };
    return merged(there(strict, document) ?? { metadata: blank }, document) as K8sObject;
  });
  return meshOf(overlay(strict, changed, []).objects);
}

function there(strict: readonly K8sObject[], { kind, metadata }: Fields): K8sObject | undefined {
  const { namespace, name } = fields(metadata);
  return strict.find(
    (object) => object.kind === kind && object.metadata.namespace === namespace && object.metadata.name === name,
  );
}

function merged(here: Fields, added: Fields): Fields {
  const result: Record<string, unknown> = { ...here };
  for (const [key, value] of Object.entries(added))
    result[key] = isFields(value) ? merged(fields(here[key]), value) : value;
  return result;
}

function documentsIn(readiness: Readiness): readonly Fields[] {
  const documents = parseAllDocuments(manifestText(readiness));
  return Array.isArray(documents) ? documents.map((document) => document.toJS() as Fields) : [];
}

function brokenIn(mesh: Mesh, { broken, readiness }: Scene): readonly string[] {
  const concerned = readiness.calls.map(({ key }) => key).filter((key) => !readiness.lost.includes(key));
  return concerned.filter((key) => {
    const call = broken.get(key);
    return call !== undefined && openness(expectFlow(mesh, call.flow)) < call.openBefore;
  });
}

/** Each document without one of its exceptions: a port, or all that it says. */
function lesser({ strict, readiness }: Scene): readonly (readonly Fields[])[] {
  const documents = documentsIn(readiness);
  return documents.flatMap((document, at) => {
    const others = documents.filter((_, index) => index !== at);
    if (document['kind'] !== 'PeerAuthentication') return [others];
    const spec = fields(document, 'spec');
    const ports = Object.entries(fields(spec, 'portLevelMtls'));
    const old = fields(there(strict, document)?.['spec'], 'portLevelMtls');
    const added = ports.filter(([port, mtls]) => fields(mtls)['mode'] !== fields(old[port])['mode']);
    return added.map(([port]) => {
      const rest = Object.fromEntries(ports.filter(([other]) => other !== port));
      return [...others, { ...document, spec: { ...spec, portLevelMtls: rest } }];
    });
  });
}

const RUNS = effort(60, 3_000);

t.test('with the printed exceptions, STRICT breaks no call that works without it', (t) => {
  let exceptions = 0;
  fc.assert(
    fc.property(manifests, (objects) => {
      const scene = sceneOf(textOf(objects));
      exceptions += scene.readiness.exceptions.length;
      t.same(brokenIn(applied(scene.strict, documentsIn(scene.readiness)), scene), []);
    }),
    RUNS,
  );
  t.ok(exceptions > 20, `${String(exceptions)} exceptions were needed: meshes without any would show nothing`);
  t.end();
});

t.test('without any one of them, STRICT breaks a call', (t) => {
  fc.assert(
    fc.property(manifests, (objects) => {
      const scene = sceneOf(textOf(objects));
      for (const documents of lesser(scene)) {
        if (brokenIn(applied(scene.strict, documents), scene).length === 0) {
          throw new Error(`these would do: ${JSON.stringify(documents)}`);
        }
      }
    }),
    RUNS,
  );
  t.end();
});

t.setTimeout(patienceMs);
