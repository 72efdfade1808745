/** Runs scenario tables: one test a scenario, one assertion a row. */
import type { Test } from 'tap';
import { ask, decider, smallMesh } from './small-mesh.ts';
import type { Scenario } from './small-mesh.ts';

export function runScenarios(t: Test, scenarios: readonly Scenario[]): void {
  for (const { name, mesh: shape, rows } of scenarios) {
    t.test(name, (t) => {
      const mesh = smallMesh(shape);
      for (const [words, outcome, by, more] of rows) {
        const found = ask(mesh, words, more);
        const label = `${words}${more === undefined ? '' : ` ${JSON.stringify(more)}`}`;
        t.equal(found.outcome, outcome, `${label}: ${outcome}`);
        if (by !== undefined) t.equal(decider(found.decidedBy), by, `${label}: decided by ${by}`);
      }
      t.end();
    });
  }
}
