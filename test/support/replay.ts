/** A recorded sweep once more, through the real matrix and the real judge, with noise on the way. */
import type { Judgement } from '../../controller/judge/judge.ts';
import { judge, needsConfirmation } from '../../controller/judge/judge.ts';
import { assembleCell } from '../../controller/measured/assemble.ts';
import { Collected } from '../../controller/measured/collected.ts';
import type { RoutedCell } from '../../controller/fleet/routes.ts';
import { DEFAULT_SWEEP_OPTIONS } from '../../controller/sweep.ts';
import type { Report, Untested } from '../../proto/outcome.ts';
import type { DisturbedSweep } from './lies.ts';
import { disturbed } from './noise.ts';
import type { Noise } from './noise.ts';
import type { RecordedSweep } from './recorded-sweep.ts';

const MISSING: Untested = { kind: 'untested', why: 'dropped', detail: 'noise' };

/** Measures, confirms what is doubtful, and judges: as a sweep does, without waiting. */
export function replay(recorded: RecordedSweep, noise: Noise, random: () => number): DisturbedSweep {
  const { mesh, routed, expectations } = recorded;
  const collected = new Collected(routed);
  const delivered: Report[] = [];
  const lost = new Set<string>();
  let late: readonly Report[] = [];
  let slot = Math.floor(random() * 1_000);

  const take = (vantage: string, reports: readonly Report[]): void => {
    for (const report of reports) collected.add(vantage, report);
    delivered.push(...reports);
  };
  const vantageOf = (report: Report): string => routed[report.route - 1]?.vantage ?? '';
  const attempt = (tasks: readonly RoutedCell[]): void => {
    slot += 1;
    collected.ask(
      slot,
      tasks.map(({ route }) => route),
    );
    for (const report of late) take(vantageOf(report), [report]);
    const later: Report[] = [];
    for (const [vantage, own] of Map.groupBy(tasks, (task) => task.vantage)) {
      if (lost.has(vantage)) continue;
      const delivery = disturbed(trueReports(recorded, own, slot), noise, random);
      if (delivery.isAgentLost) lost.add(vantage);
      take(vantage, delivery.now);
      later.push(...delivery.later);
    }
    late = later;
  };
  const judged = (isFinal: boolean): Judgement => {
    const cells = routed.flatMap(({ cell, dialled, route }, index) => {
      const expectation = expectations[index];
      if (expectation === undefined) return [];
      return [assembleCell({ cell, expectation, dialled, reports: collected.reportsOn(route), missing: MISSING })];
    });
    return judge({ mesh, cells, options: DEFAULT_SWEEP_OPTIONS, isFinal });
  };

  attempt(routed);
  const doubtful = new Set(
    judged(false)
      .cells.filter(needsConfirmation)
      .map(({ key }) => key),
  );
  attempt(routed.filter(({ cell }) => doubtful.has(cell.key)));
  return { ...judged(true), delivered };
}

function trueReports({ truth }: RecordedSweep, tasks: readonly RoutedCell[], slot: number): readonly Report[] {
  return tasks.flatMap(({ route, attempts }) =>
    Array.from({ length: attempts }, (_, attempt) => {
      return { route, slot, attempt, startedAtMs: 0, outcome: truth(route, attempt) };
    }),
  );
}
