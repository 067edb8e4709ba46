import { readFileSync } from 'node:fs';

/**
 * Resident memory of a process, in bytes: read where it is asked for, from a file that the kernel makes up at once.
 * undefined where there is no such process, and on systems other than Linux.
 */
export function residentMemory(pid: number): number | undefined {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return undefined;
  }
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}
