/** Why a vantage reports nothing: what has become of its agent. */
import type { Untested } from '../../proto/outcome.ts';
import type { Agent } from './roster.ts';

/** Undefined: it is there, and the reason is another. `never`: what is said of one that nobody has heard of. */
export function whyNobodyReports(vantage: string, agent: Agent | undefined, never: string): Untested | undefined {
  if (agent === undefined || agent.bootId === '') {
    const why = agent === undefined || agent.why === '' ? never : agent.why;
    return { kind: 'untested', why: 'no-agent', detail: `no agent for ${vantage}: ${why}` };
  }
  if (agent.state === 'up') return undefined;
  return { kind: 'untested', why: 'agent-lost', detail: `agent ${agent.id}: ${agent.why}` };
}
