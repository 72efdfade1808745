/** Reports made into the measured matrix: each planned cell with its attempts and the one outcome that they come to. */
import type { Expectation } from '../declared/expectation.ts';
import type { Attempt } from '../judge/finding.ts';
import type { MeasuredCell } from '../judge/measured-cell.ts';
import type { PlannedCell } from '../plan/cell.ts';
import type { Outcome, Report, Untested } from '../../proto/outcome.ts';
import { addressText } from '../../proto/vocabulary.ts';
import type { Address } from '../../proto/vocabulary.ts';
import { resolveOutcome } from './resolve.ts';

/** What was dialled, and the `namespace/pod` behind it where one pod is. */
export interface Dialled {
  readonly address: Address;
  readonly pod?: string;
}

export interface Evidence {
  readonly cell: PlannedCell;
  readonly expectation: Expectation;
  readonly dialled: readonly Dialled[];
  /** Each attempt once. */
  readonly reports: readonly Report[];
  /** Why reports are missing, if any are. */
  readonly missing: Untested;
}

/** Why a cell has no reports. `ofVantage`: what is said of its vantage, where there was something to be dialled. */
export function whyMissing(dialled: readonly Dialled[], ofVantage: () => Untested): Untested {
  if (dialled.length > 0) return ofVantage();
  return { kind: 'untested', why: 'no-address', detail: 'nothing is there to be dialled' };
}

/**
 * A cell counts as tested only if something was tested at every address that was to be dialled, and as often as was
 * planned, for one address may stand for several endpoints: half of them say nothing about the other half.
 */
export function assembleCell({ cell, expectation, dialled, reports: told, missing }: Evidence): MeasuredCell {
  const { table, key, route, source, workload } = cell;
  const { vantage, target, probe } = route;
  const reports = target.kind === 'service' && target.via !== undefined ? told.map(withoutFirstHop) : told;
  const attempts = reports.map((report) => attemptOf(report, dialled));
  const outcome = outcomeOf(
    reports.map((report) => report.outcome),
    { addresses: dialled.length, attempts: cell.attempts },
    missing,
  );
  const common = { table, key, vantage, source, target, probe, expectation, outcome, attempts };
  return workload === undefined ? common : { ...common, workload };
}

/** A vantage knows its own hop to the gateway; of the one behind it only a witness can tell. */
function withoutFirstHop(report: Report): Report {
  const { outcome } = report;
  if (outcome.kind !== 'reached' || outcome.witness !== undefined) return report;
  return { ...report, outcome: { ...outcome, transport: 'unproved' } };
}

function outcomeOf(
  outcomes: readonly Outcome[],
  planned: { readonly addresses: number; readonly attempts: number },
  missing: Untested,
): Outcome {
  const tested = outcomes.flatMap((outcome) => (outcome.kind === 'untested' ? [] : [outcome.address]));
  const isEnough = new Set(tested).size >= planned.addresses && tested.length >= planned.attempts;
  const resolved = isEnough ? resolveOutcome(outcomes) : undefined;
  return resolved ?? outcomes.find((outcome) => outcome.kind === 'untested') ?? missing;
}

/** Behind a virtual address, our own witness says which pod answered. */
function attemptOf({ startedAtMs, outcome }: Report, dialled: readonly Dialled[]): Attempt {
  const at = outcome.kind === 'untested' ? undefined : dialled[outcome.address];
  const pod = at?.pod ?? (outcome.kind === 'reached' ? outcome.witness?.pod : undefined);
  const address = at === undefined ? '' : addressText(at.address);
  return { startedAtMs, address, ...(pod !== undefined && { pod }), outcome };
}
