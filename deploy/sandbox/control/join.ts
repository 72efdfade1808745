/** A sandbox that another process keeps up, as if it were one's own. */
import { MeshproofError } from '../../../proto/errors.ts';
import { networkOf } from '../network.ts';
import type { Sandbox } from '../sandbox.ts';
import { askAndStay, askToDescribe, askToReset, askToSet, keptSandboxes, type KeptSandbox } from './client.ts';
import { joinedSchema, type Joined } from './protocol.ts';

/** What a sandbox is called by: the scenario's name, and where that is known, its folder. */
export interface Wanted {
  readonly name: string;
  /** Absolute. */
  readonly folder?: string;
}

/** The one that is kept up of this scenario; undefined: none is. Throws MPE_USAGE where it cannot be told which. */
export async function findKept({ name, folder }: Wanted): Promise<KeptSandbox | undefined> {
  const kept = await keptSandboxes();
  const [found, ...others] = kept.filter(
    ({ description }) => description.scenario === name && (folder === undefined || description.folder === folder),
  );
  if (others.length === 0) return found;
  const pids = [found, ...others].flatMap((one) => (one === undefined ? [] : [String(one.description.pid)]));
  throw new MeshproofError('MPE_USAGE', `several processes keep up a sandbox ${name}: ${pids.join(', ')}`, {
    hint: 'End all of them but one.',
  });
}

/**
 * The same network, mesh CA and capture points; what is set is set for everybody. Its disposal ends nothing of the
 * owner's. `failed` aborts when the owner ends it, or its process dies. Rejects with MPE_SANDBOX_NOT_RUNNING where that is
 * so already.
 */
export async function joinSandbox({ socketPath }: KeptSandbox): Promise<Sandbox> {
  const { answer, socket } = await askAndStay(socketPath, { version: 1, request: 'join' }, joinedSchema);
  const { description, manifestPaths, reality, captures, authority } = answer;
  const { scenario: name, folder, dataPlane } = description;
  const failed = new AbortController();
  let isLeft = false;
  socket.once('close', () => {
    if (isLeft) return;
    const why = `the sandbox ${name} of process ${String(description.pid)} has ended while it was in use`;
    failed.abort(new MeshproofError('MPE_SANDBOX_NOT_RUNNING', why));
  });
  return {
    scenario: { name, folder, manifestPaths, reality },
    dataPlane,
    trustDomain: reality.trustDomain,
    network: networkOf(answer.network),
    capturePoint: (podKey) => captures[podKey],
    certificateAuthority: {
      address: authority.address,
      rootPem: authority.rootPem,
      issueToken: (namespace, serviceAccount) => tokenOf(authority, namespace, serviceAccount),
    },
    failed: failed.signal,
    set: async (changes) => (await askToSet(socketPath, changes)).made,
    reset: async () => (await askToReset(socketPath)).made,
    changed: async () => (await askToDescribe(socketPath)).changed,
    [Symbol.asyncDispose]: () => {
      isLeft = true;
      socket.destroy();
      return Promise.resolve();
    },
  };
}

function tokenOf({ tokens }: Joined['authority'], namespace: string, serviceAccount: string): string {
  const found = tokens.find((one) => one.namespace === namespace && one.serviceAccount === serviceAccount);
  if (found !== undefined) return found.token;
  throw new MeshproofError('MPE_INTERNAL', `the sandbox has no service account ${namespace}/${serviceAccount}`);
}
