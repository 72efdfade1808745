/** Why routes are not heard of: what has become of their agents, as it is at this moment. */
import type { Untested } from '../../proto/outcome.ts';
import { whyNobodyReports } from '../fleet/missing.ts';
import type { Roster } from '../fleet/roster.ts';

/** By vantage. It is asked for each route, and is the same for all of a vantage. */
export type Absences = (vantage: string) => Untested;

export function absences(roster: Pick<Roster, 'holderOf'>): Absences {
  const known = new Map<string, Untested>();
  return (vantage) => {
    const why = known.get(vantage) ?? whyUnheard(vantage, roster);
    known.set(vantage, why);
    return why;
  };
}

function whyUnheard(vantage: string, roster: Pick<Roster, 'holderOf'>): Untested {
  const agent = roster.holderOf(vantage);
  return (
    whyNobodyReports(vantage, agent, 'it has not connected yet') ?? {
      kind: 'untested',
      why: 'dropped',
      detail: `agent ${agent?.id ?? ''} has not reported it`,
    }
  );
}
