/** Baselines as they are kept: JSON, as a rule compressed. Old versions stay readable. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { MeshproofError, messageOf } from '../../proto/errors.ts';
import type { Baseline } from '../gate/baseline.ts';
import { API_VERSION } from '../publish/json.ts';

/** A baseline of ten thousand cells is a tenth of it; more is no baseline, or an attack. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024;

const object = z.looseObject({
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
  path: z.string().optional(),
});

const cell = z.looseObject({
  identity: z.string(),
  table: z.enum(['reachability', 'transport', 'health']),
  vantage: z.string(),
  target: z.string(),
  probe: z.string(),
  expect: z.enum(['allow', 'deny', 'mixed', 'unknown']),
  measured: z.enum(['plaintext', 'tls', 'mtls', 'hbone', 'answered', 'closed', 'mixed', 'unknown']),
  drift: z.enum(['agrees', 'exposed', 'blocked', 'downgraded', 'misplaced', 'unknown']),
  cause: z.string().nullable(),
  message: z.string(),
  fix: z.string(),
  objects: z.array(object),
  attempts: z.number(),
  isFlapping: z.boolean(),
});

/** See SweepScope. */
export const scope = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('sandbox'), scenario: z.string() }),
  z.looseObject({
    kind: z.literal('cluster'),
    namespaces: z.union([z.literal('all'), z.array(z.string())]),
    hostVantage: z.union([z.boolean(), z.literal('node')]),
  }),
]);

const envelope = z.looseObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Baseline'),
  version: z.number(),
});

/** Version 1, and what reads it for ever; deploy/schema/baseline.schema.json. */
const version1 = z.looseObject({
  version: z.literal(1),
  name: z.string(),
  sweepId: z.string(),
  startedAt: z.string(),
  finishedAt: z.string(),
  snapshotDigest: z.string(),
  scope: scope.optional(),
  cells: z.array(cell),
  conflicts: z.array(
    z.looseObject({
      severity: z.enum(['critical', 'error', 'warning']),
      code: z.string(),
      objects: z.array(object),
      message: z.string(),
      fix: z.string(),
      cells: z.array(z.string()),
    }),
  ),
});

const NEWEST = 1;

/** Its JSON Schema is deploy/schema/baseline.schema.json. */
export function baselineJson(baseline: Baseline): string {
  return `${JSON.stringify({ apiVersion: API_VERSION, kind: 'Baseline', ...baseline })}\n`;
}

export function packed(baseline: Baseline): Uint8Array {
  return gzipSync(baselineJson(baseline), { level: 9 });
}

/** The JSON in what was kept, compressed or not. @param name What it is called in messages. */
export function unpacked(bytes: Uint8Array, name: string): string {
  const isCompressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(
      isCompressed ? gunzipSync(bytes, { maxOutputLength: MAX_TEXT_BYTES }) : bytes,
    );
  } catch (cause) {
    throw new MeshproofError('MPE_UNREADABLE_INPUT', `${name} is neither JSON nor JSON in gzip`, { cause });
  }
}

/** Throws MPE_UNREADABLE_INPUT for anything but a baseline of a version that is known. */
export function parseBaseline(text: string, name: string): Baseline {
  return baselineFrom(jsonIn(text, name), name);
}

export function jsonIn(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = messageOf(cause);
    throw new MeshproofError('MPE_UNREADABLE_INPUT', `${name} is no JSON: ${why}`, { cause });
  }
}

/** As `parseBaseline`, of what has been parsed already. */
export function baselineFrom(value: unknown, name: string): Baseline {
  const outside = envelope.safeParse(value);
  if (!outside.success) throw unreadable(name, outside.error.issues[0]);
  const { version } = outside.data;
  if (version > NEWEST) {
    throw new MeshproofError('MPE_UNREADABLE_INPUT', `${name} is a baseline of version ${String(version)}`, {
      hint: `This meshproof reads versions up to ${String(NEWEST)}: take a newer one, or save the baseline again.`,
    });
  }
  const inside = version1.safeParse(value);
  if (!inside.success) throw unreadable(name, inside.error.issues[0]);
  // As it was written: what a newer version has added stays in it.
  const baseline = { ...(value as Baseline & { apiVersion?: string; kind?: string }) };
  delete baseline.apiVersion;
  delete baseline.kind;
  return baseline;
}

function unreadable(name: string, issue: z.core.$ZodIssue | undefined): MeshproofError {
  const where = issue === undefined ? '' : `: ${issue.path.join('.')}: ${issue.message}`;
  return new MeshproofError('MPE_UNREADABLE_INPUT', `${name} is no baseline that can be read${where}`, {
    hint: 'Baselines are what "meshproof baseline save" keeps.',
  });
}
