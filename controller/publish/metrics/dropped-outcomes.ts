/** Outcomes that agents lost, all together, over agents that come, start again and go. */
import type { AgentNow } from '../../monitor/current.ts';

export class DroppedOutcomes {
  /** What each agent has said so far; those that are gone are forgotten, what they lost is not. */
  #said = new Map<string, number>();
  #total = 0;

  /** Never goes back. */
  get total(): number {
    return this.#total;
  }

  see(agents: readonly Pick<AgentNow, 'id' | 'droppedOutcomes'>[]): void {
    const said = new Map<string, number>();
    for (const { id, droppedOutcomes } of agents) {
      const before = this.#said.get(id) ?? 0;
      // Fewer than before: it has started again, and counts from nought.
      this.#total += droppedOutcomes < before ? droppedOutcomes : droppedOutcomes - before;
      said.set(id, droppedOutcomes);
    }
    this.#said = said;
  }
}
