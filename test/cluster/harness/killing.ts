/** The rudest end of a pod that there is. */
import { readdir, readFile } from 'node:fs/promises';
import type { Found } from './kubectl.ts';
import { kubectl } from './kubectl.ts';

/** By SIGKILL where the node is this machine; elsewhere by deleting the pod without grace, which is nearly as rude. */
export async function kill({ metadata: { namespace = '', name, uid } }: Found): Promise<void> {
  const processes = await processesOf(uid);
  for (const pid of processes) process.kill(pid, 'SIGKILL');
  if (processes.length > 0) return;
  await kubectl(['delete', 'pod', '-n', namespace, name, '--grace-period=0', '--force', '--wait=false']);
}

/** Of meshproof in the pod: a container's cgroup bears the pod's id, with either separator. */
async function processesOf(uid: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const ours = await Promise.all(
    pids.map(async (pid) => {
      const [cgroup, line] = await Promise.all(
        ['cgroup', 'cmdline'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
      );
      const isInPod = cgroup?.replaceAll('_', '-').includes(uid) === true;
      return isInPod && line?.includes('meshproof.js') === true ? [Number(pid)] : [];
    }),
  );
  return ours.flat();
}
