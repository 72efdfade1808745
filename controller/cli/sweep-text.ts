/** A published sweep read back from its JSON: from a file that somebody kept, or from the Job that measured it. */
import { z } from 'zod';
import { MeshproofError } from '../../proto/errors.ts';
import type { Sweep } from '../judge/finding.ts';
import { scope } from '../baselines/baseline-text.ts';
import { API_VERSION } from '../publish/json.ts';

const DRIFTS = ['agrees', 'exposed', 'blocked', 'downgraded', 'misplaced', 'unknown'] as const;

/** What a reader steers by is checked; the rest is as deploy/schema/sweep.schema.json promises for this version. */
const shape = z.looseObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Sweep'),
  id: z.string(),
  startedAt: z.string(),
  finishedAt: z.string(),
  scope: scope.optional(),
  snapshot: z.looseObject({ digest: z.string(), objects: z.array(z.looseObject({ kind: z.string() })) }),
  vantages: z.array(z.looseObject({ namespace: z.string(), serviceAccount: z.string(), dataPlane: z.string() })),
  targets: z.array(z.looseObject({ kind: z.string(), namespace: z.string(), name: z.string(), port: z.number() })),
  cells: z.array(
    z.looseObject({
      table: z.enum(['reachability', 'transport', 'health']),
      key: z.string(),
      source: z.string(),
      expectation: z.looseObject({ expect: z.string(), outcome: z.string() }),
      outcome: z.looseObject({ kind: z.enum(['reached', 'refused', 'silent', 'untested']) }),
      drift: z.enum(DRIFTS),
    }),
  ),
  conflicts: z.array(z.looseObject({ severity: z.enum(['critical', 'error', 'warning']), cells: z.array(z.string()) })),
  verdict: z.looseObject({
    value: z.enum(['pass', 'fail', 'inconclusive']),
    coverage: z.number(),
    counts: z.record(z.string(), z.number()),
    why: z.string(),
  }),
});

/** `name` is what the text is called in messages. Throws MPE_UNREADABLE_INPUT for anything but a sweep of this version. */
export function parseSweep(text: string, name: string): Sweep {
  const value = jsonOf(text, name);
  const parsed = shape.safeParse(value);
  if (!parsed.success) throw unreadable(name, parsed.error.issues[0]);
  // As it was written, in the order that it was written in: what is published again has not changed on the way.
  const sweep = { ...(value as Sweep & { apiVersion?: string; kind?: string }) };
  delete sweep.apiVersion;
  delete sweep.kind;
  return sweep;
}

function jsonOf(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `${name}: expected the JSON of a sweep, as matrix -o json writes it`;
    throw new MeshproofError('MPE_UNREADABLE_INPUT', message, { cause });
  }
}

function unreadable(name: string, issue: z.core.$ZodIssue | undefined): MeshproofError {
  const where = issue === undefined ? '' : `: ${issue.path.join('.')}: ${issue.message}`;
  return new MeshproofError('MPE_UNREADABLE_INPUT', `${name} is no sweep that this version can read${where}`, {
    hint: `Sweeps of ${API_VERSION} can be read, as matrix -o json writes them.`,
  });
}
