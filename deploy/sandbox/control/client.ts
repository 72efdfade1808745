/** Asks the control sockets of running sandboxes. */
import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import type { z } from 'zod';
import { MeshproofError, messageOf } from '../../../proto/errors.ts';
import type { Change } from '../change.ts';
import { livingFolders } from '../private-folder.ts';
import { readLine } from './line.ts';
import {
  changedSchema,
  CONTROL_SOCKET,
  descriptionSchema,
  MAX_ANSWER_BYTES,
  parseAnswer,
  type Changed,
  type ControlRequest,
  type Description,
} from './protocol.ts';

/** A sandbox that some process of this user keeps up. */
export interface KeptSandbox {
  readonly socketPath: string;
  readonly description: Description;
}

/** Of what is answered from memory. */
const ANSWER_WITHIN_MS = 5_000;
/** Of a change: every Envoy may have to start anew, and maybe a second time to go back. */
const CHANGE_WITHIN_MS = 120_000;

/** The oldest first. One that does not answer is left out: nothing can be done with it. */
export async function keptSandboxes(): Promise<readonly KeptSandbox[]> {
  const folders = await livingFolders('sandbox');
  const found = await Promise.all(
    folders.map(async (folder): Promise<readonly KeptSandbox[]> => {
      const socketPath = join(folder, CONTROL_SOCKET);
      try {
        return [
          { socketPath, description: await ask(socketPath, { version: 1, request: 'describe' }, descriptionSchema) },
        ];
      } catch (error) {
        if (error instanceof MeshproofError) return [];
        throw error;
      }
    }),
  );
  return found.flat().sort(byAge);
}

/** Rejects with the error that the sandbox gives, or MPE_SANDBOX_NOT_RUNNING where it has ended. */
export function askToSet(socketPath: string, changes: readonly Change[]): Promise<Changed> {
  return ask(socketPath, { version: 1, request: 'set', changes: [...changes] }, changedSchema, CHANGE_WITHIN_MS);
}

export function askToReset(socketPath: string): Promise<Changed> {
  return ask(socketPath, { version: 1, request: 'reset' }, changedSchema, CHANGE_WITHIN_MS);
}

export function askToDescribe(socketPath: string): Promise<Description> {
  return ask(socketPath, { version: 1, request: 'describe' }, descriptionSchema);
}

export interface OpenAnswer<T> {
  readonly answer: T;
  /** The connection that it came by; whoever has it ends it. */
  readonly socket: net.Socket;
}

/** As the others, but leaves the connection open. */
export async function askAndStay<T>(
  socketPath: string,
  request: ControlRequest,
  schema: z.ZodType<T>,
  withinMs = ANSWER_WITHIN_MS,
): Promise<OpenAnswer<T>> {
  const signal = AbortSignal.timeout(withinMs);
  const socket = net.connect(socketPath);
  // Told by whatever waits for the connection.
  socket.on('error', () => undefined);
  try {
    const line = await lineFor(request, socket, signal);
    return { answer: parseAnswer(line, schema), socket };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function lineFor(request: ControlRequest, socket: net.Socket, signal: AbortSignal): Promise<string> {
  try {
    await once(socket, 'connect', { signal });
    socket.write(`${JSON.stringify(request)}\n`);
    return await readLine(socket, MAX_ANSWER_BYTES, signal);
  } catch (cause) {
    const why = messageOf(cause);
    throw new MeshproofError('MPE_SANDBOX_NOT_RUNNING', `the sandbox does not answer: ${why}`, { cause });
  }
}

async function ask<T>(
  socketPath: string,
  request: ControlRequest,
  schema: z.ZodType<T>,
  withinMs?: number,
): Promise<T> {
  const { answer, socket } = await askAndStay(socketPath, request, schema, withinMs);
  socket.destroy();
  return answer;
}

function byAge(one: KeptSandbox, other: KeptSandbox): number {
  const ages = [one, other].map(({ socketPath, description }) => `${description.startedAt} ${socketPath}`);
  const [first = '', second = ''] = ages;
  return first < second ? -1 : first > second ? 1 : 0;
}
