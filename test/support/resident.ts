/** What a process has in memory, as Linux counts it. */
import { readFileSync, readlinkSync } from 'node:fs';

export interface Resident {
  readonly program: string;
  readonly ownKiB: number;
  /** Pages of files: of the program and its libraries. */
  readonly programKiB: number;
}

export function residentOf(pid: number): Resident {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  return {
    program: readlinkSync(`/proc/${String(pid)}/exe`),
    ownKiB: kibOf(status, 'RssAnon') + kibOf(status, 'RssShmem'),
    programKiB: kibOf(status, 'RssFile'),
  };
}

function kibOf(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
}
