/** Which process it was, so that no later one with its number is taken for it. */
import { readFile, readlink } from 'node:fs/promises';

export interface ProcessIdentity {
  /** Of the process namespace: what runs in another cannot be looked up. `0` where there are none. */
  readonly namespace: string;
  readonly pid: string;
  /** Ticks since boot at which it started; `0` where the system does not tell. */
  readonly startedAt: string;
}

export async function identityOf(pid: number): Promise<ProcessIdentity> {
  const [namespace, startedAt] = await Promise.all([ownNamespace(), startOf(String(pid))]);
  return { namespace, pid: String(pid), startedAt: startedAt ?? '0' };
}

/** `namespace.pid.start`, in digits. */
export function identityText({ namespace, pid, startedAt }: ProcessIdentity): string {
  return `${namespace}.${pid}.${startedAt}`;
}

export function parseIdentity(text: string): ProcessIdentity | undefined {
  const [, namespace, pid, startedAt] = /^(\d+)\.(\d+)\.(\d+)$/.exec(text) ?? [];
  if (namespace === undefined || pid === undefined || startedAt === undefined) return undefined;
  return { namespace, pid, startedAt };
}

/** Certainly gone; false where it lives, and where that cannot be known. */
export async function isGone({ namespace, pid, startedAt }: ProcessIdentity): Promise<boolean> {
  if (namespace !== (await ownNamespace())) return false;
  if (startedAt !== '0') return (await startOf(pid)) !== startedAt;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function ownNamespace(): Promise<string> {
  // Like `pid:[4026531836]` (pid_namespaces(7)).
  const name = await readlink('/proc/self/ns/pid').catch(() => '');
  return /\d+/.exec(name)?.[0] ?? '0';
}

/** From /proc (proc_pid_stat(5), fields 3 and 22). Undefined: no such process, or one that has ended and only waits for its parent. */
async function startOf(pid: string): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  // The name, in parentheses, may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}
