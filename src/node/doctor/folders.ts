import { mkdtemp, rmdir, stat, statfs, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AtomaError, formatBytes, messageOf } from '../../core/index.js';
import { type Check, type Finding, ok, warn } from './check.js';

interface FolderCheck {
  readonly area: string;
  /** The configuration's key. */
  readonly name: string;
  readonly path: string;
  /** Below so many free bytes there is a warning. */
  readonly wantedBytes: number;
  readonly otherwise: 'warn' | 'fail';
}

/** Whether a folder is there or can be made, can be written, and has room. */
export function folderCheck({ area, name, path, wantedBytes, otherwise }: FolderCheck): Check {
  return { area, name, otherwise, run: () => judgeFolder(name, path, wantedBytes) };
}

async function judgeFolder(name: string, path: string, wantedBytes: number): Promise<Finding> {
  const place = await existingPart(name, path);
  await tryWriting(name, path, place);
  const { bavail, bsize } = await statfs(place);
  const freeBytes = bavail * bsize;
  const made = place === path ? '' : ' (is made when it is needed)';
  const found = `${path}${made}, ${formatBytes(freeBytes)} free`;
  return freeBytes >= wantedBytes
    ? ok(found)
    : warn(found, `make room, or set ${name} to a folder elsewhere`);
}

/** The folder itself, or the one it would be made in. */
async function existingPart(name: string, path: string): Promise<string> {
  for (let place = path; ; place = dirname(place)) {
    try {
      await stat(place);
      return place;
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!missing || place === dirname(place)) throw unusable(name, path, error);
    }
  }
}

/** What permissions promise, a read-only mount or a full disk does not keep: only a write tells. */
async function tryWriting(name: string, path: string, place: string): Promise<void> {
  try {
    const folder = await mkdtemp(join(place, '.doctor-'));
    const file = join(folder, 'probe');
    try {
      await writeFile(file, 'x', { mode: 0o600 });
      await unlink(file);
    } finally {
      await rmdir(folder);
    }
  } catch (error) {
    throw unusable(name, path, error);
  }
}

function unusable(name: string, path: string, cause: unknown): AtomaError {
  return new AtomaError(
    'folder_unusable',
    `${path} cannot be written (${messageOf(cause)}); set ${name} to a folder that this user may write`,
    { fields: { path }, cause },
  );
}
