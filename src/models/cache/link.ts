import { randomUUID } from 'node:crypto';
import { link, mkdir, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { AtomaError } from '../../core/index.js';
import { type HubFile, isCommit } from '../hub/answers.js';
import type { RepoFolder } from './layout.js';

/** Makes a commit's files appear in its snapshot, once their blobs are all here. */
export async function linkSnapshot(
  folder: RepoFolder,
  commit: string,
  files: readonly HubFile[],
): Promise<void> {
  const snapshot = folder.snapshot(commit);
  for (const { path, etag } of files) {
    const place = join(snapshot, path);
    await mkdir(dirname(place), { recursive: true });
    await checkInside(folder, dirname(place));
    await replaceByLink(place, folder.blob(etag));
  }
}

/** Remembers which commit a branch or a tag stands for. */
export async function writeRef(folder: RepoFolder, revision: string, commit: string): Promise<void> {
  await mkdir(folder.refs, { recursive: true });
  if (isCommit(revision)) return;
  const ref = folder.ref(revision);
  await mkdir(dirname(ref), { recursive: true });
  await checkInside(folder, dirname(ref));
  const draft = `${ref}.${randomUUID()}`;
  await writeFile(draft, commit);
  await rename(draft, ref);
}

/** The link stands at its place at once or not at all; without symbolic links it is a second name of the blob. */
async function replaceByLink(place: string, blob: string): Promise<void> {
  const draft = `${place}.${randomUUID()}`;
  try {
    await symlink(relative(dirname(place), blob), draft).catch(() => link(blob, draft));
    await rename(draft, place);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** A folder of the cache may be a link that somebody else has put there. */
async function checkInside(folder: RepoFolder, path: string): Promise<void> {
  const home = await realpath(folder.path);
  const target = await realpath(path);
  if (target === home || target.startsWith(home + sep)) return;
  throw new AtomaError(
    'model_unsafe_path',
    `${path} leads out of the cache, to ${target}: remove it, then pull ${folder.repo} again`,
    { fields: { repo: folder.repo, path, target } },
  );
}
