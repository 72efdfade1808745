/** A verification as one JSON document; its JSON Schema is deploy/schema/verification.schema.json. */
import type { Baseline } from '../gate/baseline.ts';
import type { VerificationReport } from '../gate/verification-report.ts';
import { API_VERSION } from './json.ts';

export function verificationJson({ kind, verification, sweeps, flaps, prediction, watch }: VerificationReport): string {
  const { before, after, unexpected, meant, missing, comparison, coverage, verdict, why } = verification;
  const { unexpectedConflicts } = verification;
  const { standing, lost, shifted, newConflicts, endedConflicts, standingConflicts, compared } = comparison;
  const document = {
    apiVersion: API_VERSION,
    kind: kind === 'diff' ? 'Diff' : 'Verification',
    verdict: { value: verdict, why, coverage },
    before: sideOf(before),
    after: sideOf(after),
    sweeps,
    counts: {
      compared,
      unexpected: unexpected.length,
      meant: meant.length,
      missing: missing.length,
      newConflicts: unexpectedConflicts.length,
      standing: standing.length,
      lost: lost.length,
      flapping: flaps.length,
    },
    unexpected,
    meant,
    missing,
    standing,
    shifted,
    lost,
    conflicts: { new: newConflicts, ended: endedConflicts, standing: standingConflicts },
    flaps,
    ...(prediction !== undefined && { prediction }),
    ...(watch !== undefined && { watch }),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function sideOf({ name, sweepId, startedAt, finishedAt, snapshotDigest, scope, cells }: Baseline): object {
  return { name, sweepId, startedAt, finishedAt, snapshotDigest, ...(scope && { scope }), cells: cells.length };
}
