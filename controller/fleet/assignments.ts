/** What all vantages have to do, and which agent of each was told. */
import type { PlannedRoute } from '../../proto/vocabulary.ts';
import { Assignment } from './assignment.ts';
import type { Roster } from './roster.ts';
import type { Message, Session } from './session.ts';

export interface AssignmentsDeps {
  readonly roster: Pick<Roster, 'holderOf'>;
  /** Undefined: the agent is not there. */
  readonly sessionOf: (agentId: string) => Pick<Session, 'send'> | undefined;
}

export class Assignments {
  readonly #deps: AssignmentsDeps;
  readonly #byVantage = new Map<string, Assignment>();
  /** Id of the agent, by vantage. */
  readonly #told = new Map<string, string>();

  constructor(deps: AssignmentsDeps) {
    this.#deps = deps;
  }

  /** Adds to what the vantage has to do, and tells its agent, now or when it comes. */
  add(vantage: string, routes: readonly PlannedRoute[]): void {
    const assignment = this.#of(vantage);
    this.handOver();
    this.#tell(vantage, assignment.add(routes));
  }

  /** Takes away from what the vantage has to do. */
  remove(vantage: string, routes: readonly number[]): void {
    this.handOver();
    this.#tell(vantage, this.#of(vantage).remove(routes));
  }

  /** What a lost agent had to do goes to another one of its vantage, where one is there. */
  handOver(): void {
    for (const [vantage, assignment] of this.#byVantage) {
      const id = this.#holderOf(vantage);
      const session = this.#deps.sessionOf(id);
      if (session === undefined || this.#told.get(vantage) === id) continue;
      this.#told.set(vantage, id);
      for (const message of assignment.whole()) session.send(message);
    }
  }

  /**
   * What an agent that has come has to be told, and the version of the plan that it holds after it.
   * @param heldVersion of the plan that it has.
   */
  arrive(agentId: string, vantage: string, heldVersion: number): { version: number; plan: readonly Message[] } {
    const isHolder = this.#holderOf(vantage) === agentId;
    const assignment = isHolder ? this.#of(vantage) : new Assignment();
    if (isHolder) this.#told.set(vantage, agentId);
    // Before this controller knows what there is to do, the agent goes on with what it was told by the one before.
    const isUntold = isHolder && assignment.version === 0;
    const plan = isUntold || assignment.version === heldVersion ? [] : assignment.whole();
    return { plan, version: assignment.version };
  }

  #tell(vantage: string, messages: readonly Message[]): void {
    const session = this.#deps.sessionOf(this.#holderOf(vantage));
    for (const message of messages) session?.send(message);
  }

  #holderOf(vantage: string): string {
    return this.#deps.roster.holderOf(vantage)?.id ?? '';
  }

  #of(vantage: string): Assignment {
    const assignment = this.#byVantage.get(vantage) ?? new Assignment();
    this.#byVantage.set(vantage, assignment);
    return assignment;
  }
}
