/** What is said on the control socket of a running sandbox: one line of JSON asks, one line of JSON answers. */
import { z } from 'zod';
import { ERRORS, MeshproofError, messageOf, type ErrorCode } from '../../../proto/errors.ts';
import { changeSchema } from '../change.ts';
import { differenceSchema } from '../difference.ts';
import { portNumber, qualifiedName, realitySchema } from '../reality.ts';

/** Name of the socket in the private folder of whoever keeps the sandbox up. */
export const CONTROL_SOCKET = 'control';

export const MAX_REQUEST_BYTES = 256 * 1024;
/** A whole reality goes into the answer to `join`. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** From the connection until the request is there. */
export const REQUEST_WITHIN_MS = 2_000;
export const MAX_CONNECTIONS = 64;

/** Owner and asker may be of two versions of meshproof. */
const version = z.literal(1, 'is of another version of meshproof: end the sandbox, and start it again');

export const requestSchema = z.discriminatedUnion('request', [
  z.strictObject({ version, request: z.literal('describe') }),
  z.strictObject({ version, request: z.literal('set'), changes: z.array(changeSchema).min(1) }),
  z.strictObject({ version, request: z.literal('reset') }),
  /** The connection stays open after the answer. It ends when the sandbox does. */
  z.strictObject({ version, request: z.literal('join') }),
]);

export const descriptionSchema = z.object({
  scenario: z.string(),
  /** Absolute; of the scenario's manifests and its reality.yaml. */
  folder: z.string(),
  dataPlane: z.enum(['node', 'envoy']),
  pid: z.int(),
  /** ISO 8601. */
  startedAt: z.string(),
  /** The web page, where one is served for it. */
  page: z.string().optional(),
  /** What is in force otherwise than reality.yaml says. */
  changed: z.array(differenceSchema),
});

const address = z.object({ host: z.string(), port: portNumber });
const endpoint = z.object({ pod: qualifiedName, address });

/** All that another process needs to measure it as if it were its own. */
export const joinedSchema = z.object({
  description: descriptionSchema,
  manifestPaths: z.array(z.string()),
  /** As it is on disk, without what was changed. */
  reality: realitySchema,
  network: z.object({
    pods: z.record(z.string(), z.object({ ports: z.record(z.string(), address), unserved: address })),
    services: z.record(z.string(), z.record(z.string(), z.object({ virtual: address, endpoints: z.array(endpoint) }))),
  }),
  /** Capture points by pod. */
  captures: z.record(z.string(), address),
  authority: z.object({
    address,
    rootPem: z.string(),
    /** A fresh one for every service account of the scenario. */
    tokens: z.array(z.object({ namespace: z.string(), serviceAccount: z.string(), token: z.string() })),
  }),
});

export const changedSchema = z.object({
  /** What this request has made different. */
  made: z.array(differenceSchema),
  /** All that is different from reality.yaml now. */
  changed: z.array(differenceSchema),
});

const errorSchema = z.object({ code: z.string(), message: z.string(), hint: z.string() });

export const answerSchema = z.union([z.object({ answer: z.unknown() }), z.object({ error: errorSchema })]);

export type ControlRequest = z.infer<typeof requestSchema>;
export type Description = z.infer<typeof descriptionSchema>;
export type Joined = z.infer<typeof joinedSchema>;
export type Changed = z.infer<typeof changedSchema>;

/** Throws MPE_USAGE, in words. */
export function parseRequest(line: string): ControlRequest {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new MeshproofError('MPE_USAGE', 'the request is no JSON', { cause });
  }
  const parsed = requestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new MeshproofError('MPE_USAGE', `the request is none that a sandbox knows: ${wordsOf(parsed.error)}`);
}

export function errorLine(error: unknown): string {
  const known = error instanceof MeshproofError ? error : undefined;
  const message = messageOf(error);
  const { code, hint } = known ?? { code: 'MPE_INTERNAL', hint: ERRORS.MPE_INTERNAL.remedy };
  return `${JSON.stringify({ error: { code, message, hint } })}\n`;
}

/** Throws the error that the line tells, or MPE_INTERNAL where it is no answer. */
export function parseAnswer<T>(line: string, schema: z.ZodType<T>): T {
  const { answer, error } = answerOf(line);
  if (error !== undefined) throw new MeshproofError(codeOf(error.code), error.message, { hint: error.hint });
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new MeshproofError('MPE_INTERNAL', `the sandbox answers something else: ${wordsOf(parsed.error)}`);
}

function answerOf(line: string): { readonly answer?: unknown; readonly error?: z.infer<typeof errorSchema> } {
  try {
    return answerSchema.parse(JSON.parse(line));
  } catch (cause) {
    throw new MeshproofError('MPE_INTERNAL', 'the sandbox answers what is no answer', { cause });
  }
}

function codeOf(text: string): ErrorCode {
  return Object.hasOwn(ERRORS, text) ? (text as ErrorCode) : 'MPE_INTERNAL';
}

function wordsOf({ issues }: z.ZodError): string {
  return issues
    .map(({ path, message }) => [path.join('.'), message].filter((part) => part !== '').join(': '))
    .join('; ');
}
