/** The published form of one declared cell: the flow that was asked and what the objects say of it. */
import type { Expectation, Flow } from '../declared/expectation.ts';

export interface ExpectationItem extends Pick<Flow, 'id' | 'source' | 'target' | 'port' | 'probe'>, Expectation {}

export function expectationItem(flow: Flow, expectation: Expectation): ExpectationItem {
  const { id, source, target, port, probe } = flow;
  return { id, source, target, port, probe, ...expectation };
}
