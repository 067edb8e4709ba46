import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';

/** Of /proc: `sysconf(_SC_CLK_TCK)` is 100 on every Linux that Node.js runs on. */
const TICKS_PER_SECOND = 100;

/**
 * How much of the machine others used, 0 to 1, while `work` ran: what a node does in time says nothing of the
 * node where others have its processors. Linux only.
 * @param pids processes that live throughout and are not foreign, beside this one
 * @param ownSeconds CPU time of further ones, as far as `work` knows it
 */
export async function foreignShare<T>(
  pids: readonly number[],
  work: () => Promise<T>,
  ownSeconds: (result: T) => number,
): Promise<{ readonly result: T; readonly foreign: number }> {
  const own = [process.pid, ...pids];
  const startedAt = performance.now();
  const [allBefore, ownBefore] = await Promise.all([machineSeconds(), secondsOf(own)]);
  const result = await work();
  const [allAfter, ownAfter] = await Promise.all([machineSeconds(), secondsOf(own)]);
  const available = ((performance.now() - startedAt) / 1000) * availableParallelism();
  const used = allAfter - allBefore - (ownAfter - ownBefore) - ownSeconds(result);
  return { result, foreign: Math.max(0, used / available) };
}

/** CPU time of the whole machine, that taken by its host included. proc(5), /proc/stat. */
async function machineSeconds(): Promise<number> {
  const [line = ''] = (await readFile('/proc/stat', 'utf8')).split('\n', 1);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}

/** User and system time are fields 14 and 15 of proc(5), /proc/pid/stat; the name before them may have spaces. */
async function secondsOf(pids: readonly number[]): Promise<number> {
  const each = pids.map(async (pid) => {
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  });
  return (await Promise.all(each)).reduce((sum, seconds) => sum + seconds, 0);
}
