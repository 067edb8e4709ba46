import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Logger } from 'pino';

/**
 * What a device process, or a library in it, writes by itself goes to the log line by line: so the log stays what it
 * is, readable or JSON, also when an engine says its last words before it aborts.
 */
export function logOutput({ stdout, stderr, pid }: ChildProcess, device: string, logger: Logger): void {
  for (const output of [stdout, stderr]) {
    if (output === null) continue;
    createInterface({ input: output }).on('line', (line) => {
      if (line !== '') logger.warn({ device, process: pid }, line);
    });
  }
}
