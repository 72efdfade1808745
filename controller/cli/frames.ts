/** What a sweep in a Job tells the laptop through its pod's log: numbered lines of JSON, read back whole or not at all. */
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import type { ErrorCode } from '../../proto/errors.ts';
import { ERRORS, MeshproofError } from '../../proto/errors.ts';
import { VERSION } from '../../proto/version.ts';
import type { Sweep } from '../judge/finding.ts';
import { publishJson } from '../publish/json.ts';
import { parseSweep } from './sweep-text.ts';

/** Well under the 16 KiB at which a container runtime cuts a line of a log in two (kubernetes: pkg/kubelet/kuberuntime/logs). */
const PART_CHARACTERS = 8192;

const event = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('agents'), up: z.int().min(0), planned: z.int().min(0) }),
  z.object({ kind: z.literal('tasks'), finished: z.int().min(0), planned: z.int().min(0) }),
  z.object({ kind: z.literal('phase'), name: z.enum(['snapshot', 'connect', 'measure', 'confirm', 'judge']) }),
]);

/** Each line carries its number, from 1: what is read again after a cut counts once, and what is missing shows. */
const frame = z.discriminatedUnion('frame', [
  z.object({ seq: z.int().min(1), frame: z.literal('hello'), version: z.string(), sweep: z.string() }),
  z.object({ seq: z.int().min(1), frame: z.literal('progress'), event }),
  z.object({ seq: z.int().min(1), frame: z.literal('note'), text: z.string() }),
  z.object({
    seq: z.int().min(1),
    frame: z.literal('sweep'),
    part: z.int().min(1),
    of: z.int().min(1),
    /** Of the JSON, before it was packed. */
    sha256: z.string(),
    /** A piece of the base64 of the gzipped JSON. */
    data: z.string(),
  }),
  z.object({
    seq: z.int().min(1),
    frame: z.literal('error'),
    code: z.string(),
    message: z.string(),
    hint: z.string(),
  }),
]);

export type Frame = z.infer<typeof frame>;
/** Progress that travels; the rest of a sweep's life is the laptop's own. */
export type FramedEvent = z.infer<typeof event>;

type Unnumbered = Frame extends infer One ? (One extends Frame ? Omit<One, 'seq'> : never) : never;

/** How a sweep in a Job ended, as its last frame says. */
export type Ending =
  { readonly kind: 'sweep'; readonly sweep: Sweep } | { readonly kind: 'error'; readonly error: MeshproofError };

export class FrameWriter {
  readonly #write: (line: string) => unknown;
  #seq = 0;

  /** `write` gets whole lines, each with its newline. */
  constructor(write: (line: string) => unknown) {
    this.#write = write;
  }

  hello(sweep: string): void {
    this.#put({ frame: 'hello', version: VERSION, sweep });
  }

  progress(shown: FramedEvent): void {
    this.#put({ frame: 'progress', event: shown });
  }

  note(text: string): void {
    // A stack of causes is longer than a line of a log may be.
    for (const piece of pieces(text, PART_CHARACTERS / 2)) this.#put({ frame: 'note', text: piece });
  }

  sweep(sweep: Sweep): void {
    const json = publishJson(sweep);
    const parts = pieces(gzipSync(json).toString('base64'), PART_CHARACTERS);
    const sha256 = digestOf(json);
    for (const [at, data] of parts.entries()) {
      this.#put({ frame: 'sweep', part: at + 1, of: parts.length, sha256, data });
    }
  }

  error({ code, message, hint }: MeshproofError): void {
    const [cut = ''] = pieces(message, PART_CHARACTERS / 2);
    this.#put({ frame: 'error', code, message: cut, hint: pieces(hint, PART_CHARACTERS / 2)[0] ?? '' });
  }

  #put(unnumbered: Unnumbered): void {
    this.#seq += 1;
    this.#write(`${JSON.stringify({ seq: this.#seq, ...unnumbered })}\n`);
  }
}

export type Reading =
  | { readonly kind: 'frame'; readonly frame: Frame }
  /** Read before; a log that is followed again begins with what is known. */
  | { readonly kind: 'repeated' }
  /** Frames before this one are missing; it was not taken. */
  | { readonly kind: 'gap'; readonly expected: number; readonly found: number }
  /** No frame: a warning of Node, or the last words of a process that was killed in the middle of a line. */
  | { readonly kind: 'other'; readonly line: string };

export class FrameReader {
  #expected = 1;
  readonly #parts: string[] = [];
  #ending: Ending | undefined;

  /** Known once the last frame has been read. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  /** Throws MPE_SWEEP_LOST where the parts of a sweep do not make the sweep that was sent. */
  read(line: string): Reading {
    const parsed = frame.safeParse(jsonOf(line));
    if (!parsed.success) return { kind: 'other', line };
    const { data: found } = parsed;
    if (found.seq < this.#expected) return { kind: 'repeated' };
    if (found.seq > this.#expected) return { kind: 'gap', expected: this.#expected, found: found.seq };
    this.#expected += 1;
    if (found.frame === 'sweep') this.#collect(found);
    if (found.frame === 'error') this.#ending = { kind: 'error', error: errorOf(found) };
    return { kind: 'frame', frame: found };
  }

  #collect({ part, of, data, sha256 }: Extract<Frame, { readonly frame: 'sweep' }>): void {
    if (part !== this.#parts.length + 1 || part > of) {
      throw lost(`part ${String(part)} of ${String(of)} came after ${String(this.#parts.length)} parts`);
    }
    this.#parts.push(data);
    if (part < of) return;
    const json = unpack(this.#parts.join(''));
    if (digestOf(json) !== sha256) throw lost('it is not the one that was sent: its digest differs');
    this.#ending = { kind: 'sweep', sweep: parseSweep(json, 'the sweep of the Job') };
  }
}

function unpack(base64: string): string {
  try {
    return gunzipSync(Buffer.from(base64, 'base64')).toString('utf8');
  } catch (error) {
    throw lost('it cannot be unpacked', error);
  }
}

function lost(why: string, cause?: unknown): MeshproofError {
  return new MeshproofError('MPE_SWEEP_LOST', `the result of the sweep did not come whole: ${why}`, { cause });
}

/** A newer controller may know codes that this program does not; its words stand all the same. */
function errorOf({ code, message, hint }: Extract<Frame, { readonly frame: 'error' }>): MeshproofError {
  if (isErrorCode(code)) return new MeshproofError(code, message, { hint });
  return new MeshproofError('MPE_INTERNAL', `${message} (${code})`, { hint });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Whatever it is, it is not ours; the caller shows it.
    return undefined;
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** At least one, however short the text. */
function pieces(text: string, length: number): readonly string[] {
  const count = Math.max(1, Math.ceil(text.length / length));
  return Array.from({ length: count }, (_, at) => text.slice(at * length, (at + 1) * length));
}
