import { workerData } from 'node:worker_threads';

/**
 * A thread of the device process that ends it when the main process is gone: its closed channel would say so,
 * too, but only to an event loop that turns. Where the system hands no orphan to another parent (Windows),
 * the channel alone must do.
 */

/** An orphan holds the GPU's memory that the next node needs; asking costs a system call. */
const INTERVAL_MS = 1000;

const parent: unknown = workerData;

function look(): void {
  // A killed process needs the consent of none of its threads, unlike one that exits.
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
}

look();
setInterval(look, INTERVAL_MS);
