/** What agents report: put with the round that it belongs to, counted, and made ready to be stored. */
import type { CountedBatch, Uncounted } from '../fleet/fleet.ts';
import type { IngestResult } from '../monitor/monitored.ts';
import { Rounds } from '../monitor/rounds.ts';
import type { StandingMatrix } from '../monitor/standing-matrix.ts';
import type { Unsaved } from '../store/unsaved.ts';

export interface IntakeDeps {
  readonly matrix: StandingMatrix;
  readonly rounds: Rounds;
  readonly unsaved: Unsaved;
}

export class Intake {
  readonly #deps: IntakeDeps;
  readonly #counts: Record<Exclude<IngestResult, Uncounted>, number> = { counted: 0, late: 0, unasked: 0 };
  /** Which start of which agent reported last, by vantage. */
  readonly #reporters = new Map<string, string>();
  /** From agents of a former controller, who were quicker than the declared state: nobody knows yet what they are about. */
  readonly #early: CountedBatch[] = [];

  constructor(deps: IntakeDeps) {
    this.#deps = deps;
  }

  get counts(): Readonly<Record<Exclude<IngestResult, Uncounted>, number>> {
    return this.#counts;
  }

  /** For the fleet: the batch has changed what is known when this returns, and is acknowledged when that is stored. */
  take(batch: CountedBatch): 'later' {
    const { matrix, rounds, unsaved } = this.#deps;
    if (matrix.declared === undefined) {
      this.#early.push(batch);
      return 'later';
    }
    const { vantage, agentId, bootId, sequence, isHolder, reports } = batch;
    unsaved.position({ agentId, bootId, sequence });
    if (isHolder && this.#reporters.get(vantage) !== `${agentId} ${bootId}`) {
      this.#reporters.set(vantage, `${agentId} ${bootId}`);
      for (const route of matrix.routes()) if (route.vantage === vantage) rounds.restart(route.number);
    }
    for (const report of reports) {
      const route = matrix.find(Rounds.routeOf(report));
      const isAsked = route?.vantage === vantage;
      const fate = !isAsked ? 'unasked' : isHolder ? rounds.add(report) : 'late';
      this.#counts[fate] += 1;
      if (!isAsked) continue;
      const { vantage: source, target, probe } = route.declared.planned.route;
      const place = { sourceNamespace: source.namespace, targetNamespace: target.namespace, probe: probe.kind };
      unsaved.attempt(report.startedAtMs, place, report.outcome.kind);
    }
    return 'later';
  }

  /** As soon as it is known what is planned. */
  takeEarly(): void {
    for (const batch of this.#early.splice(0)) this.take(batch);
  }
}
