import { statfs } from 'node:fs/promises';
import { AtomaError, formatBytes } from '../../core/index.js';

/** Stays free beside a download: logs and the journal want room as well. 256 MiB. */
const MARGIN_BYTES = 256 * 1024 * 1024;

/** Bytes that this user may still write to the disk of a folder. */
export type FreeBytes = (folder: string) => Promise<number>;

export const freeBytesOf: FreeBytes = async (folder) => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

/** @throws AtomaError `disk_full` with the numbers, where the bytes and a margin do not fit. */
export async function checkDisk(folder: string, bytes: number, freeBytes: FreeBytes): Promise<void> {
  if (bytes === 0) return;
  const free = await freeBytes(folder);
  if (free >= bytes + MARGIN_BYTES) return;
  throw new AtomaError(
    'disk_full',
    `${formatBytes(bytes)} are still to be downloaded to ${folder}, whose disk has ${formatBytes(free)} free, and ${formatBytes(MARGIN_BYTES)} of that are to stay free: make room, or set cache_dir to a folder of a larger disk`,
    { fields: { folder, neededBytes: bytes, freeBytes: free, marginBytes: MARGIN_BYTES } },
  );
}

/** A failure of the cache's disk as an error that says what to do; others as they are. */
export function diskFailure(error: unknown, folder: string): unknown {
  const code = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AtomaError('disk_full', `the disk of ${folder} is full: make room; what has come is kept`, {
      fields: { folder },
      cause: error,
    });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR') {
    return new AtomaError(
      'cache_unwritable',
      `cannot write to ${folder}: ${String(error)}. This user must be able to write in cache_dir and all that is in it.`,
      { fields: { folder }, cause: error },
    );
  }
  return error;
}
