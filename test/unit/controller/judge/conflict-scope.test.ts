import t from 'tap';
import { findConflicts } from '../../../../controller/judge/conflicts.ts';
import { pa, smallMesh } from '../declared/small-mesh.ts';

/** Three policies that select nothing: of two teams, and of the root namespace. */
const OBJECTS = ['foo', 'bar', 'istio-system']
  .map((namespace) => pa(`${namespace}/nobody`, '{ selector: { matchLabels: { app: nobody } } }'))
  .join('');
const ROOT = 'istio-system/nobody';

for (const [what, namespaces, told] of [
  ['of all, where no namespaces were chosen', 'all', ['bar/nobody', 'foo/nobody', ROOT]],
  ['of those that were chosen, and of the root namespace', new Set(['foo']), ['foo/nobody', ROOT]],
  ['of the root namespace, where none of the chosen has any', new Set(['shop']), [ROOT]],
] as const) {
  t.test(`objects without effect are told ${what}`, (t) => {
    const conflicts = findConflicts(smallMesh({ objects: OBJECTS }), [], namespaces);
    const named = conflicts.flatMap(({ cause }) => cause.objects.map(({ namespace, name }) => `${namespace}/${name}`));
    t.strictSame(named.toSorted(), told);
    t.end();
  });
}
