import fc from 'fast-check';
import t from 'tap';
import { expectationClasses } from '../../controller/declared/classes.ts';
import type { ExpectationClasses } from '../../controller/declared/classes.ts';
import { expectFlow } from '../../controller/declared/expect.ts';
import type { Flow, FlowProbe } from '../../controller/declared/expectation.ts';
import type { Mesh } from '../../controller/declared/mesh.ts';
import { crowds } from '../support/arbitrary/crowd.ts';
import { effort, patienceMs } from '../support/arbitrary/effort.ts';
import { meshOfFiles } from '../support/arbitrary/snapshot.ts';

const PROBES: readonly FlowProbe[] = ['http', 'tcp', 'tcp-silent', 'grpc', 'tls', 'mtls'];

/** Everybody calls everything, by service and by pod, by name and by what is not there. */
function* questions(mesh: Mesh): Generator<Flow> {
  const sources = [...mesh.workloads, ...mesh.pods].map(({ key }) => key);
  for (const source of [...sources, 'kubelet', 'ip:10.0.0.1', 'ip:192.0.2.1', 'no/body']) {
    for (const { key, ports } of mesh.services) {
      for (const { port } of ports) {
        const common = { id: '', source, target: key, port };
        for (const probe of PROBES) yield { ...common, probe };
        yield { ...common, probe: 'http', request: { path: '/admin' } };
        yield { ...common, probe: 'mtls', tls: { as: sources[0] ?? '' } };
      }
      yield { id: '', source, target: key, port: 1, probe: 'http' };
    }
    yield { id: '', source, target: `pod:${sources[0] ?? ''}`, port: 8080, probe: 'http' };
  }
}

/** The first flow of which the classes say anything else. */
function differing(mesh: Mesh, classes: ExpectationClasses, flows: Iterable<Flow>): readonly unknown[] {
  for (const flow of flows) {
    const [said, meant] = [JSON.stringify(classes.expect(flow)), JSON.stringify(expectFlow(mesh, flow))];
    if (said !== meant) return [flow, said, meant];
  }
  return [];
}

t.test('an answer by class is the answer of the flow alone, to the byte', { timeout: patienceMs }, (t) => {
  let shared = 0;
  let asked = 0;
  fc.assert(
    fc.property(crowds, (objects) => {
      const mesh = meshOfFiles([objects.map((object) => `${JSON.stringify(object)}\n`).join('---\n')]);
      const classes = expectationClasses(mesh);
      const seen = new Map<unknown, string>();
      for (const flow of questions(mesh)) {
        const { shared: answer, names } = classes.answer(flow);
        asked += 1;
        if (names !== null && (seen.get(answer) ?? names.pod) !== names.pod) shared += 1;
        seen.set(answer, names?.pod ?? '');
      }
      const found = differing(mesh, classes, questions(mesh));
      if (found.length > 0) throw new Error(found.map((part) => JSON.stringify(part)).join('\n'));
    }),
    effort(40, 20_000),
  );
  t.ok(shared > asked / 10, `${String(shared)} of ${String(asked)} flows had the answer of another caller`);
  t.end();
});

t.test('the order of the flows makes no difference', { timeout: patienceMs }, (t) => {
  fc.assert(
    fc.property(crowds, fc.integer(), (objects, seed) => {
      const mesh = meshOfFiles([objects.map((object) => `${JSON.stringify(object)}\n`).join('---\n')]);
      const flows = [...questions(mesh)].filter((_, index) => (index * 7 + seed) % 5 === 0);
      const step = 1_009;
      const shuffled = flows
        .map((_, index) => flows[(index * step) % flows.length])
        .filter((flow) => flow !== undefined);
      const found = differing(mesh, expectationClasses(mesh), shuffled);
      if (found.length > 0) throw new Error(found.map((part) => JSON.stringify(part)).join('\n'));
    }),
    effort(10, 2_000),
  );
  t.end();
});

t.test('nor does it make one that few answers are kept', { timeout: patienceMs }, (t) => {
  let forgotten = 0;
  fc.assert(
    fc.property(crowds, fc.nat(20), (objects, kept) => {
      const mesh = meshOfFiles([objects.map((object) => `${JSON.stringify(object)}\n`).join('---\n')]);
      const classes = expectationClasses(mesh, kept);
      const flows = [...questions(mesh)];
      const found = [...differing(mesh, classes, flows), ...differing(mesh, classes, flows)];
      if (found.length > 0) throw new Error(found.map((part) => JSON.stringify(part)).join('\n'));
      forgotten += flows.slice(0, 1).filter((flow) => isForgotten(classes, flow, flows)).length;
    }),
    effort(10, 2_000),
  );
  t.ok(forgotten > 0, `${String(forgotten)} meshes had more answers than were kept`);
  t.end();
});

/** The flow has another answer object once all others were asked for. */
function isForgotten(classes: ExpectationClasses, flow: Flow, others: Iterable<Flow>): boolean {
  const { shared, names } = classes.answer(flow);
  for (const other of others) classes.answer(other);
  return names !== null && classes.answer(flow).shared !== shared;
}
