/** The control socket of a running sandbox: by it other processes of the same user change, describe and join it. */
import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { MeshproofError, messageOf } from '../../../proto/errors.ts';
import { isMeshed, podsOf } from '../pods.ts';
import { openPrivateFolder } from '../private-folder.ts';
import type { Sandbox } from '../sandbox.ts';
import { readLine } from './line.ts';
import {
  CONTROL_SOCKET,
  errorLine,
  MAX_CONNECTIONS,
  MAX_REQUEST_BYTES,
  parseRequest,
  REQUEST_WITHIN_MS,
  type Changed,
  type ControlRequest,
  type Description,
  type Joined,
} from './protocol.ts';

export interface ControlOptions {
  readonly startedAtMs: number;
  /** The address of the web page that is served for it, as soon as there is one. */
  readonly page?: () => string | undefined;
}

export interface ControlSocket extends AsyncDisposable {
  readonly path: string;
}

/**
 * Listens in a private folder of this process, so that only this user can connect. Disposal ends all connections. The
 * sandbox belongs to the caller, and has to outlive it. Throws MPE_INVALID_CONFIG where the path is too long for a socket.
 */
export async function openControlSocket(sandbox: Sandbox, options: ControlOptions): Promise<ControlSocket> {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(await openPrivateFolder('sandbox'));
  const path = join(folder.path, CONTROL_SOCKET);
  const open = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    // An error is always followed by `close`.
    socket.on('error', () => undefined);
    void take(socket, sandbox, options);
  });
  server.maxConnections = MAX_CONNECTIONS;
  try {
    server.listen(path);
    await once(server, 'listening');
  } catch (cause) {
    throw new MeshproofError('MPE_INVALID_CONFIG', `cannot listen on ${path}: ${String(cause)}`, {
      cause,
      hint: 'Let XDG_RUNTIME_DIR name an existing folder of yours with a short path.',
    });
  }
  opened.defer(async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of open) socket.destroy();
    await closed;
  });
  const all = opened.move();
  return { path, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Never rejects. */
async function take(socket: net.Socket, sandbox: Sandbox, options: ControlOptions): Promise<void> {
  try {
    const request = await requestOf(socket);
    const line = `${JSON.stringify({ answer: await answerTo(request, sandbox, options) })}\n`;
    if (request.request === 'join') socket.write(line);
    else last(socket, line);
  } catch (error) {
    // Whoever asks is told; it is no fault of the sandbox's.
    last(socket, errorLine(error));
  }
}

async function requestOf(socket: net.Socket): Promise<ControlRequest> {
  let line: string;
  try {
    line = await readLine(socket, MAX_REQUEST_BYTES, AbortSignal.timeout(REQUEST_WITHIN_MS));
  } catch (cause) {
    const why = messageOf(cause);
    throw new MeshproofError('MPE_USAGE', `no request has come: ${why}`, { cause });
  }
  return parseRequest(line);
}

/** Whatever the other side does with its end, the connection is over then. */
function last(socket: net.Socket, line: string): void {
  socket.end(line, () => {
    socket.destroy();
  });
}

async function answerTo(
  request: ControlRequest,
  sandbox: Sandbox,
  options: ControlOptions,
): Promise<Description | Joined | Changed> {
  switch (request.request) {
    case 'describe':
      return describe(sandbox, options);
    case 'set':
      return { made: [...(await sandbox.set(request.changes))], changed: [...(await sandbox.changed())] };
    case 'reset':
      return { made: [...(await sandbox.reset())], changed: [...(await sandbox.changed())] };
    case 'join':
      return joinedTo(sandbox, await describe(sandbox, options));
  }
}

async function describe(sandbox: Sandbox, { startedAtMs, page }: ControlOptions): Promise<Description> {
  const url = page?.();
  return {
    scenario: sandbox.scenario.name,
    folder: sandbox.scenario.folder,
    dataPlane: sandbox.dataPlane,
    pid: process.pid,
    startedAt: new Date(startedAtMs).toISOString(),
    ...(url !== undefined && { page: url }),
    changed: [...(await sandbox.changed())],
  };
}

function joinedTo(sandbox: Sandbox, description: Description): Joined {
  const { scenario, network, certificateAuthority } = sandbox;
  const pods = podsOf(scenario.reality);
  const accounts = new Map(
    pods.map(({ namespace, serviceAccount }) => [`${namespace}/${serviceAccount}`, { namespace, serviceAccount }]),
  );
  return {
    description,
    manifestPaths: [...scenario.manifestPaths],
    reality: scenario.reality,
    network: network.map as Joined['network'],
    captures: Object.fromEntries(
      pods.filter(isMeshed).flatMap(({ key }) => {
        const capture = sandbox.capturePoint(key);
        return capture === undefined ? [] : [[key, capture]];
      }),
    ),
    authority: {
      address: certificateAuthority.address,
      rootPem: certificateAuthority.rootPem,
      tokens: [...accounts.values()].map((account) => ({
        ...account,
        token: certificateAuthority.issueToken(account.namespace, account.serviceAccount),
      })),
    },
  };
}
