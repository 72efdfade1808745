/** Declared against measured, cell by cell: the drift of a cell and its cause. Pure. */
import type { OutcomeCode } from '../declared/expectation.ts';
import { causeOf } from './cause.ts';
import { isConsistent, perspectiveOf } from './consistent.ts';
import { denialCause, mixedCause } from './denial-cause.ts';
import { driftCause } from './drift-cause.ts';
import type { Evidence } from './evidence.ts';
import type { Cause, Cell, Drift } from './finding.ts';
import { seen } from './sentences.ts';
import type { MeasuredCell } from './measured-cell.ts';
import { isRetriedElsewhere } from './retried.ts';
import { isFlapping, subjectsOf } from './subject.ts';
import type { Declared, Subject } from './subject.ts';
import { transportDrift } from './transport-drift.ts';

/** Worst first: what one endpoint does stands for the cell. What is not known of one is not made good by another. */
const SEVERITY: readonly Drift[] = ['exposed', 'blocked', 'downgraded', 'unknown', 'misplaced', 'agrees'];
/** Worst first, of the declarations that may stand behind one answer. */
const FIT: readonly Drift[] = ['exposed', 'blocked', 'downgraded', 'misplaced', 'unknown', 'agrees'];

/** Drift that fails a sweep is seen twice, on two connections, before it is reported. */
export const CONFIRMED_BY_REPETITION: ReadonlySet<Drift> = new Set(['exposed', 'blocked', 'downgraded']);

interface Compared {
  readonly drift: Drift;
  /** What it seemed to be, seen once only. */
  readonly withheld?: Drift;
  /** An endpoint of which something of its own is declared, and that no attempt can have met. */
  readonly unmet?: string;
  readonly declared: Declared;
  readonly subject: Subject;
  /** Nothing showed that the refusal means anything. */
  readonly lacksControl: boolean;
}

/**
 * Total: every outcome has its drift, and every drift but `agrees` has a cause. When it is final, what was seen once
 * only is `unknown`. `trusted`: see JudgeOptions.
 */
export function judgeCell(
  cell: MeasuredCell,
  evidence: Evidence,
  isFinal = false,
  trusted: readonly string[] = [],
): Cell {
  const compared = subjectsOf(cell)
    .map((subject) => compare(cell, subject, evidence))
    .map((one) => (isFinal ? withhold(one) : one));
  const worst = requireAll(
    cell,
    compared.reduce((a, b) => (SEVERITY.indexOf(b.drift) < SEVERITY.indexOf(a.drift) ? b : a)),
    evidence,
  );
  const judged = judgeUnmodelled(cell, worst, trusted);
  return {
    ...cell,
    drift: judged?.drift ?? worst.drift,
    isFlapping: isFlapping(cell),
    cause: judged === undefined ? explain(cell, worst, evidence) : judged.cause,
  };
}

function withhold(compared: Compared): Compared {
  const { drift, subject } = compared;
  if (!CONFIRMED_BY_REPETITION.has(drift) || subject.attempts > 1) return compared;
  return { ...compared, drift: 'unknown', withheld: drift };
}

/** Where endpoints are declared to differ, each that a caller gets to see has to be met before the cell agrees. */
function requireAll(cell: MeasuredCell, worst: Compared, evidence: Evidence): Compared {
  if (worst.drift !== 'agrees') return worst;
  const subjects = subjectsOf(cell);
  const unmet = cell.expectation.endpoints?.find(
    (endpoint) =>
      !isRetriedElsewhere(cell, endpoint) &&
      !subjects.some((subject) =>
        subject.pod === undefined
          ? compareOne(cell, endpoint, subject, evidence).drift === 'agrees'
          : subject.pod === endpoint.pod,
      ),
  );
  return unmet === undefined ? worst : { ...worst, drift: 'unknown', unmet: unmet.pod };
}

/** The candidate that fits best speaks for the subject. */
function compare(cell: MeasuredCell, subject: Subject, evidence: Evidence): Compared {
  return subject.candidates
    .map((declared) => compareOne(cell, declared, subject, evidence))
    .reduce((a, b) => (FIT.indexOf(b.drift) > FIT.indexOf(a.drift) ? b : a));
}

function compareOne(cell: MeasuredCell, declared: Declared, subject: Subject, evidence: Evidence): Compared {
  const { outcome } = subject;
  const as = (drift: Drift, lacksControl = false): Compared => ({ drift, declared, subject, lacksControl });
  if (outcome.kind === 'untested' || declared.expect === 'unknown') return as('unknown');
  const fits = isConsistent(declared.outcome, perspectiveOf(cell), outcome);
  if (declared.expect === 'allow') {
    if (outcome.kind === 'reached') return as(transportDrift(cell.probe, declared, outcome));
    return as(fits && isRawTls(cell) ? 'agrees' : 'blocked');
  }
  if (outcome.kind === 'reached') return as(fits ? 'agrees' : 'exposed');
  if (!hasControl(cell, declared.outcome, evidence)) return as('unknown', true);
  return as(fits ? 'agrees' : 'misplaced');
}

/** A caller's own TLS may pass the mesh and still not be what the application speaks; the mesh verdict is what counts. */
function isRawTls({ probe }: MeasuredCell): boolean {
  return probe.kind === 'tls' || probe.kind === 'mtls' || probe.kind === 'mtls-untrusted';
}

/** Outcomes that say themselves that nobody is there: no target has to have been alive. */
const TARGET_IS_ABSENT: ReadonlySet<OutcomeCode> = new Set([
  'NO_ENDPOINTS',
  'NO_ROUTE',
  'APP_DOWN',
  'CLIENT_BLACKHOLE',
  'HEALTH_FAILED',
]);

function hasControl(cell: MeasuredCell, code: OutcomeCode, evidence: Evidence): boolean {
  if (!evidence.isVantageAlive(cell.vantage)) return false;
  return TARGET_IS_ABSENT.has(code) || evidence.isTargetAlive(cell.target);
}

function explain(cell: MeasuredCell, worst: Compared, evidence: Evidence): Cause | null {
  const { drift, withheld, unmet, declared, subject, lacksControl } = worst;
  const { outcome } = subject;
  if (withheld !== undefined)
    return causeOf('MP1501', `${cell.key} seemed ${withheld} once, and no second attempt came to confirm it.`);
  if (unmet !== undefined) return causeOf('MP1501', `No attempt of ${cell.key} met ${unmet}, which is declared apart.`);
  if (drift === 'unknown') {
    if (outcome.kind === 'untested')
      return causeOf(
        'MP1501',
        `${cell.key} was not measured: ${outcome.why}${outcome.detail === '' ? '' : ` (${outcome.detail})`}.`,
      );
    if (lacksControl)
      return causeOf(
        'MP1506',
        `${cell.key} ${seen(outcome)}, and nothing in this sweep shows that ${evidence.isVantageAlive(cell.vantage) ? 'the target' : 'the vantage'} was alive.`,
      );
    return causeOf(
      'MP1505',
      `Nothing certain is declared about ${cell.key}${cell.expectation.warnings.map((warning) => `: ${warning}`).join('')}.`,
    );
  }
  if (drift !== 'agrees') return driftCause(cell, drift, declared, outcome, evidence);
  if (cell.expectation.expect === 'mixed') return mixedCause(cell);
  return declared.expect === 'deny' ? denialCause(cell, declared) : null;
}

/** Whether a warning is of an object that somebody vouches for. @param trusted `KIND/NAMESPACE/NAME` */
export function isVouchedFor(warning: string, trusted: readonly string[]): boolean {
  return trusted.some((name) => warning.startsWith(`${name} `));
}

/** Disagreement where an object outside the model has a hand in it is not held against anybody. */
function judgeUnmodelled(
  cell: MeasuredCell,
  { drift: confirmed, withheld }: Compared,
  trusted: readonly string[],
): { readonly drift: Drift; readonly cause: Cause } | undefined {
  const drift = withheld ?? confirmed;
  if (drift === 'agrees' || drift === 'unknown') return undefined;
  const warning = cell.expectation.warnings.find(
    (text) => text.includes('not modelled') && !isVouchedFor(text, trusted),
  );
  if (warning === undefined) return undefined;
  return {
    drift: 'unknown',
    cause: causeOf('MP1504', `${cell.key} differs from what is declared (it would be ${drift}). ${warning}`),
  };
}
