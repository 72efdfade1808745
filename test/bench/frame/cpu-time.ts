/** What the kernel says a process has used, with all its threads, those that have ended included. */
import { readFileSync } from 'node:fs';

/** USER_HZ, which is 100 on every architecture that Node runs on. */
const MS_PER_TICK = 10;

/** User and system time in milliseconds, in steps of ten. */
export function cpuMs(pid: number): number {
  const text = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  // The name may hold blanks and brackets; the fields that follow it start with the state, which is the third.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[14 - 3]) + Number(fields[15 - 3])) * MS_PER_TICK;
}
