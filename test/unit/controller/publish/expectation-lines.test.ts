import t from 'tap';
import { expectationClasses } from '../../../../controller/declared/classes.ts';
import { expectFlow } from '../../../../controller/declared/expect.ts';
import type { Flow } from '../../../../controller/declared/expectation.ts';
import { expectationItem } from '../../../../controller/publish/expectation-item.ts';
import { expectationLines } from '../../../../controller/publish/expectation-lines.ts';
import { object, smallMesh, workload } from '../declared/small-mesh.ts';

const twins = ['d', 'e'].map((name) => workload({ namespace: 'bar', name })).join('');
const meshed = ['g', 'h'].map((name) =>
  workload({ namespace: 'bar', name, labels: { 'sidecar.istio.io/inject': 'true' } }),
);
const mesh = smallMesh({ objects: [twins, ...meshed].join('') });

const ask = (id: string, source: string, more: Partial<Flow> = {}): Flow => {
  return { id, source, target: 'foo/t', port: 80, probe: 'http', ...more };
};

for (const kept of [undefined, 0, 1]) {
  t.test(`a line is the item as JSON, whoever of a class asked first; templates kept: ${String(kept)}`, (t) => {
    const lineOf = expectationLines(kept);
    const classes = expectationClasses(mesh);
    const flows = [
      ask('1', 'bar/n'),
      ask('2', 'bar/d'),
      ask('3', 'bar/e'),
      ask('4', 'bar/g'),
      ask('5', 'bar/h'),
      ask('"6"\n', 'bar/h'),
      ask('7', 'bar/h', { probe: 'tcp', port: 90 }),
      ask('8', 'bar/d', { request: { path: '/<0:1>' } }),
      ask('9', 'kubelet'),
      ask('10', 'no/body'),
    ];
    for (const flow of flows) {
      const line = lineOf(flow, classes.answer(flow));
      t.equal(line, `${JSON.stringify(expectationItem(flow, expectFlow(mesh, flow)))}\n`, flow.id);
    }
    t.end();
  });
}

t.test('words of the manifests that look like marks stay as they are', (t) => {
  const route = object(
    'networking.istio.io/v1',
    'VirtualService',
    'foo/t',
    "{ hosts: [t], http: [{ route: [{ destination: { host: t, subset: '<0:1> <1:0> <pod>' } }] }] }",
  );
  const routed = smallMesh({ objects: [...meshed, route].join('') });
  const lineOf = expectationLines();
  const classes = expectationClasses(routed);
  for (const flow of [ask('1', 'bar/g'), ask('2', 'bar/h')]) {
    const line = lineOf(flow, classes.answer(flow));
    t.match(line, 'foo/t has no subset <0:1> <1:0> <pod>');
    t.equal(line, `${JSON.stringify(expectationItem(flow, expectFlow(routed, flow)))}\n`);
  }
  t.end();
});
