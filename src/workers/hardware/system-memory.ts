import { readFile } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import { join } from 'node:path';
import type { SystemMemory } from './hardware.js';

/** Where the control groups of version 2 and, of version 1, those of memory are mounted. */
const CGROUP_V2 = '/sys/fs/cgroup';
const CGROUP_V1 = '/sys/fs/cgroup/memory';

interface Limit {
  readonly limitBytes: number;
  readonly usedBytes: number;
}

/**
 * RAM of the machine, or of the container where that is given less.
 * @param root for tests: what `/proc` and `/sys` are below
 */
export async function readSystemMemory(root = '/'): Promise<SystemMemory> {
  const meminfo = await read(join(root, '/proc/meminfo'));
  const totalBytes = kibibytes(meminfo, 'MemTotal') ?? totalmem();
  // os.freemem() leaves out what the system would give back, such as cached files: weights that were just read.
  const freeBytes = kibibytes(meminfo, 'MemAvailable') ?? freemem();
  const limits = await Promise.all([readLimitV2(root), readLimitV1(root)]);
  let memory: SystemMemory = { totalBytes, freeBytes };
  for (const limit of limits) {
    // Version 1 writes a number beyond all memory where there is no limit.
    if (limit === undefined || limit.limitBytes >= totalBytes) continue;
    memory = {
      totalBytes: Math.min(memory.totalBytes, limit.limitBytes),
      freeBytes: Math.min(memory.freeBytes, Math.max(0, limit.limitBytes - limit.usedBytes)),
    };
  }
  return memory;
}

/** Of the innermost group that has a limit, as a container sees it at the mount itself. */
async function readLimitV2(root: string): Promise<Limit | undefined> {
  const own = /^0::(.*)$/m.exec((await read(join(root, '/proc/self/cgroup'))) ?? '')?.[1] ?? '/';
  for (const folder of new Set([join(CGROUP_V2, own), CGROUP_V2])) {
    const limit = await readLimit(join(root, folder), 'memory.max', 'memory.current', 'inactive_file');
    if (limit !== undefined) return limit;
  }
  return undefined;
}

async function readLimitV1(root: string): Promise<Limit | undefined> {
  const own = /^\d+:(?:.*,)?memory(?:,.*)?:(.*)$/m.exec(
    (await read(join(root, '/proc/self/cgroup'))) ?? '',
  )?.[1];
  for (const folder of new Set([join(CGROUP_V1, own ?? '/'), CGROUP_V1])) {
    const files = ['memory.limit_in_bytes', 'memory.usage_in_bytes', 'total_inactive_file'] as const;
    const limit = await readLimit(join(root, folder), ...files);
    if (limit !== undefined) return limit;
  }
  return undefined;
}

/** Pages of files that nobody used for long are counted as used, and given back at once. */
async function readLimit(
  folder: string,
  limitFile: string,
  usageFile: string,
  reclaimable: string,
): Promise<Limit | undefined> {
  const limitBytes = Number((await read(join(folder, limitFile))) ?? 'max');
  const usedBytes = Number((await read(join(folder, usageFile))) ?? Number.NaN);
  if (!Number.isFinite(limitBytes) || !Number.isFinite(usedBytes)) return undefined;
  const stat = await read(join(folder, 'memory.stat'));
  const cached = Number(new RegExp(`^${reclaimable} (\\d+)$`, 'm').exec(stat ?? '')?.[1] ?? 0);
  return { limitBytes, usedBytes: Math.max(0, usedBytes - cached) };
}

function kibibytes(meminfo: string | undefined, key: string): number | undefined {
  const value = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(meminfo ?? '')?.[1];
  return value === undefined ? undefined : Number(value) * 1024;
}

/** undefined where there is no such file, as on systems other than Linux. */
function read(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}
