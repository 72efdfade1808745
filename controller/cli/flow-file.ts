/** Flows from a file or from stdin, one JSON object a line, in batches as they arrive. */
import { createReadStream } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { MeshproofError, messageOf } from '../../proto/errors.ts';
import type { Flow } from '../declared/expectation.ts';

const NAME = '[a-z0-9]([a-z0-9.-]*[a-z0-9])?';
const source = z
  .string()
  .regex(
    new RegExp(`^(${NAME}/${NAME}|kubelet|node:.+|ip:.+)$`),
    'write it as namespace/workload, kubelet, node:NAME or ip:ADDRESS',
  );
const target = z
  .string()
  .regex(
    new RegExp(`^(${NAME}/${NAME}|pod:${NAME}/${NAME}|host:.+|ip:.+)$`),
    'write it as namespace/service, pod:namespace/workload, host:NAME or ip:ADDRESS',
  );
const workload = z.string().regex(new RegExp(`^${NAME}/${NAME}$`), 'write it as namespace/name');

const flowSchema = z.strictObject({
  id: z.union([z.string(), z.number().transform(String)]),
  source,
  target,
  port: z.number().int().min(1).max(65535),
  probe: z.enum(['http', 'tcp', 'tcp-silent', 'grpc', 'tls', 'mtls', 'hbone', 'health']),
  via: workload.optional(),
  request: z
    .strictObject({
      method: z.string().optional(),
      path: z.string().optional(),
      host: z.string().optional(),
      headers: z.record(z.string(), z.string()).optional(),
      token: z.union([z.literal('invalid'), z.record(z.string(), z.unknown())]).optional(),
    })
    .optional(),
  tls: z
    .strictObject({
      alpn: z.array(z.string()).optional(),
      certificate: z.enum(['valid', 'none', 'untrusted-ca', 'wrong-trust-domain', 'expired']).optional(),
      as: workload.optional(),
    })
    .optional(),
  health: z.string().optional(),
});

/** Opens a flow file again for each reading; `-` is stdin, which can be read once. Reading ends with the signal. */
export function openFlows(path: string, stdin: Readable, signal: AbortSignal): Readable {
  return addAbortSignal(signal, path === '-' ? stdin : createReadStream(path));
}

/**
 * The flows of one chunk of input at a time, so that whoever writes line by line is answered line by line. Empty lines
 * are skipped. Throws MPE_UNREADABLE_INPUT with `name:line` and the field.
 */
export async function* readFlows(input: Readable, name: string): AsyncIterable<readonly Flow[]> {
  const decoder = new TextDecoder();
  let rest = '';
  let line = 0;
  const take = (lines: readonly string[]): Flow[] =>
    lines.flatMap((text) => {
      line += 1;
      return text.trim() === '' ? [] : [parseFlow(text, `${name}:${String(line)}`)];
    });
  for await (const chunk of chunksOf(input, name)) {
    const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split('\n');
    rest = lines.pop() ?? '';
    yield take(lines);
  }
  yield take([rest]);
}

/** Reads all flows for the sake of their errors, and keeps none. */
export async function checkFlows(input: Readable, name: string): Promise<void> {
  const batches = readFlows(input, name)[Symbol.asyncIterator]();
  while ((await batches.next()).done !== true);
}

async function* chunksOf(input: Readable, name: string): AsyncIterable<Uint8Array> {
  try {
    for await (const chunk of input as AsyncIterable<Uint8Array>) yield chunk;
  } catch (error) {
    const why = messageOf(error);
    throw new MeshproofError('MPE_UNREADABLE_INPUT', `cannot read ${name}: ${why}`, { cause: error });
  }
}

function parseFlow(text: string, place: string): Flow {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = messageOf(error);
    throw new MeshproofError('MPE_UNREADABLE_INPUT', `${place}: expected one JSON object: ${why}`, { cause: error });
  }
  const parsed = flowSchema.safeParse(value);
  if (parsed.success) return withoutUndefined(parsed.data);
  const [issue] = parsed.error.issues;
  const field = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  throw new MeshproofError('MPE_UNREADABLE_INPUT', `${place}: ${field}${issue?.message ?? 'is no flow'}`, {
    hint: 'One flow a line: {"id":"1","source":"shop/web","target":"shop/pay","port":8080,"probe":"http"}',
  });
}

/** Zod leaves absent fields out, but its types say that they may be undefined. */
function withoutUndefined(flow: z.output<typeof flowSchema>): Flow {
  return flow as Flow;
}
