/** What is declared of each planned cell. */
import { expectationClasses } from '../declared/classes.ts';
import type { Expectation } from '../declared/expectation.ts';
import type { Mesh } from '../declared/mesh.ts';
import { flowOf } from './flow.ts';
import type { Plan } from './plan.ts';

/** In the order of the cells. */
export function expectationsOf(mesh: Mesh, plan: Plan): readonly Expectation[] {
  const { expect } = expectationClasses(mesh);
  return plan.cells.map(({ route, source }) => expect(flowOf(route, source)));
}
