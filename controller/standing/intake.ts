/** What agents report: put with the round that it belongs to, counted, and made ready to be stored. */
import type { Clock } from '../../proto/clock.ts';
import type { Report } from '../../proto/outcome.ts';
import type { CountedBatch, Uncounted } from '../fleet/fleet.ts';
import type { IngestResult } from '../monitor/monitored.ts';
import { Rounds } from '../monitor/rounds.ts';
import type { StandingMatrix } from '../monitor/standing-matrix.ts';
import type { Unsaved } from '../store/unsaved.ts';

export interface IntakeDeps {
  readonly clock: Clock;
  readonly matrix: StandingMatrix;
  readonly rounds: Rounds;
  readonly unsaved: Unsaved;
}

/** An agent spools ten minutes; its clock, and how long a controller was away, may be off by some more. */
const PAST_MS = 3_600_000;

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
    const { clock, matrix, rounds, unsaved } = this.#deps;
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
    const nowMs = Math.floor(clock.nowMs());
    for (const told of reports) {
      const report = timely(told, nowMs);
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

/**
 * What is kept, and how long, goes by these times: nothing of it may be yet to come, or be so old that it is gone at once.
 * What a clock that is far off says is not when it was; it is when it came.
 */
function timely(report: Report, nowMs: number): Report {
  const { startedAtMs } = report;
  return startedAtMs <= nowMs && startedAtMs >= nowMs - PAST_MS ? report : { ...report, startedAtMs: nowMs };
}
