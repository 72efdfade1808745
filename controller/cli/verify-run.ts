/** What `verify` does: reads what was before and what was meant, measures, and judges. */
import { systemClock } from '../../proto/system-clock.ts';
import type { Baseline } from '../gate/baseline.ts';
import type { ExpectedChange } from '../gate/expected-changes.ts';
import { changesForetold, checkPredictions } from '../gate/prediction.ts';
import { verify } from '../gate/verification.ts';
import type { Verification } from '../gate/verification.ts';
import type { VerificationReport } from '../gate/verification-report.ts';
import { flagsAsIn, takeSweep } from './baseline-sweep.ts';
import type { Foretold } from './preview-file.ts';
import type { MeasuringFlags } from './measuring-options.ts';
import type { Session } from './session.ts';
import type { VerifyFlags } from './verify.ts';
import { verifySweeps } from './verify-sweeps.ts';
import { watchSweeps } from './verify-watch.ts';

const CLUSTER_SETTLE_MS = 10_000;

export interface Verified {
  readonly report: VerificationReport;
  /** The sandbox that was measured, if it was one. */
  readonly sandbox: string | undefined;
}

export async function verified(flags: VerifyFlags, session: Session): Promise<Verified> {
  const { before, foretold: preview } = await whatWasBefore(flags, session);
  const stated = await statedChanges(flags.expectChange);
  const foretold = changesForetold(preview?.predictions ?? [], before);
  const allowed = { allowed: foretold.allowed, allowedConflicts: preview?.conflicts ?? [] };
  const expected = [...stated, ...foretold.expected];
  const { minCoverage, failOn, strict: isStrict = false } = flags;
  const judge = (after: Baseline, doubt: string): Verification =>
    verify(before, after, { expected, ...allowed, minCoverage, failOn, isStrict, doubt });
  const measuring = await flagsAsIn(before, flags);
  const measure = (): ReturnType<typeof takeSweep> => takeSweep(before.name, measuring, session);
  const note = noting(session);
  const deps = { measure, judge, clock: systemClock, note };
  const { sandbox } = measuring;
  const { verification, flaps, sweeps, watch } =
    flags.watch === true
      ? await watchSweeps(
          { ...deps, before, measure: (signal) => measureUnder(signal, before, measuring, session) },
          watchOptions(flags),
          session.signal,
        )
      : { ...(await verifySweeps(deps, settleOf(flags, sandbox), session.signal)), watch: undefined };
  const report: VerificationReport = {
    kind: 'verification',
    verification,
    sweeps: sweeps.map(({ sweepId, startedAt, finishedAt }) => ({ sweepId, startedAt, finishedAt })),
    flaps,
    ...(preview !== undefined && { prediction: checkPredictions(preview.predictions, verification.after) }),
    ...(watch !== undefined && { watch }),
  };
  return { report, sandbox };
}

/**
 * In a watch, --timeout is the whole watch's: a sweep that it cuts short has said nothing. What each sweep comes to is
 * told in a line; how it comes to it would bury that.
 */
function measureUnder(
  signal: AbortSignal,
  before: Baseline,
  flags: MeasuringFlags,
  session: Session,
): ReturnType<typeof takeSweep> {
  const whole = { ...flags };
  delete whole.timeout;
  const flagsOf = (): ReturnType<Session['flags']> => ({ ...session.flags(), isQuiet: true });
  return takeSweep(before.name, whole, { ...session, signal, flags: flagsOf });
}

function watchOptions({ timeout }: VerifyFlags): { readonly timeoutMs?: number } {
  return timeout === undefined ? {} : { timeoutMs: timeout };
}

function settleOf({ settle }: VerifyFlags, sandbox: string | undefined): number {
  return settle ?? (sandbox === undefined ? CLUSTER_SETTLE_MS : 0);
}

async function whatWasBefore(
  flags: VerifyFlags,
  session: Session,
): Promise<{ readonly before: Baseline; readonly foretold: Foretold | undefined }> {
  const { baseline, baselineFile, preview } = flags;
  const foretold = preview === undefined ? undefined : await (await import('./preview-file.ts')).readPreview(preview);
  if (baselineFile !== undefined) {
    const { baselineFromFile } = await import('./baseline-file.ts');
    return { before: await baselineFromFile(baselineFile), foretold };
  }
  if (baseline === undefined && foretold !== undefined) return { before: foretold.before, foretold };
  const { openBaselines } = await import('./baseline-place.ts');
  return { before: await (await openBaselines(flags, session)).load(baseline ?? '', session.signal), foretold };
}

async function statedChanges(paths: readonly string[]): Promise<readonly ExpectedChange[]> {
  if (paths.length === 0) return [];
  const { readExpectedChanges } = await import('./verify-expected.ts');
  return (await Promise.all(paths.map(readExpectedChanges))).flat();
}

function noting(session: Session): (message: string) => void {
  return (message) => {
    if (!session.flags().isQuiet) session.terminal.note(`${message}\n`);
  };
}
