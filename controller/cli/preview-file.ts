/** `verify --preview FILE`: what a preview that was joined with a sweep has foretold. */
import { z } from 'zod';
import { MeshproofError } from '../../proto/errors.ts';
import { readBytes } from '../baselines/baseline-files.ts';
import { baselineFrom, jsonIn, unpacked } from '../baselines/baseline-text.ts';
import { conflictName } from '../gate/baseline.ts';
import type { Baseline } from '../gate/baseline.ts';
import { alike } from '../gate/object-names.ts';
import type { Prediction } from '../gate/prediction.ts';
import { API_VERSION } from '../publish/json.ts';

const shape = z.looseObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Preview'),
  conflicts: z.looseObject({
    appearing: z.array(
      z.looseObject({
        cause: z.looseObject({
          code: z.string(),
          objects: z.array(z.looseObject({ kind: z.string(), namespace: z.string(), name: z.string() })),
        }),
      }),
    ),
  }),
  measured: z.looseObject({
    baseline: z.unknown(),
    /** Absent in previews of before it was told. */
    workloads: z.record(z.string(), z.string()).default({}),
    predictions: z.array(
      z.looseObject({
        identity: z.string(),
        becomes: z.enum(['open', 'closed', 'mixed', 'plaintext', 'mtls', 'gone']),
        certainty: z.enum(['certain', 'probable', 'unknown']),
      }),
    ),
  }),
});

export interface Foretold {
  readonly before: Baseline;
  readonly predictions: readonly Prediction[];
  /** `conflictName` of those that come with the change. */
  readonly conflicts: readonly string[];
}

/** Throws MPE_UNREADABLE_INPUT, also for a preview that knows nothing of what was measured. */
export async function readPreview(path: string): Promise<Foretold> {
  const value = jsonIn(unpacked(await readBytes(path), path), path);
  const parsed = shape.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue === undefined ? '' : `: ${issue.path.join('.')}: ${issue.message}`;
    throw new MeshproofError('MPE_UNREADABLE_INPUT', `${path} foretells nothing that could be measured${where}`, {
      hint: 'Write it with: meshproof preview --apply PATH -f PATH --from-sweep sweep.json -o json --output-file preview.json',
    });
  }
  const { baseline, predictions, workloads } = parsed.data.measured;
  const names = new Map(Object.entries(workloads));
  const conflicts = parsed.data.conflicts.appearing.map(({ cause: { code, objects } }) =>
    conflictName({ code, objects: alike(objects, names) }),
  );
  return { before: baselineFrom(baseline, `${path} (measured.baseline)`), predictions, conflicts };
}
