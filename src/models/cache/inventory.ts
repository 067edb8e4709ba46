import { readdir, readFile, readlink, rm, rmdir, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { ProcessLock } from '../../core/index.js';
import type { ModelFile } from '../model-file.js';
import { isPartial, RepoFolder, repoOfFolder } from './layout.js';
import { readRecord } from './record.js';
import { snapshotFiles } from './snapshot.js';

/** A commit of which files are in the cache. */
export interface CachedRevision {
  readonly commit: string;
  /** Branches and tags that stood for it when they were last asked for. */
  readonly refs: readonly string[];
  readonly files: readonly ModelFile[];
}

/** A repository in the cache. */
export interface CachedRepo {
  readonly repo: string;
  readonly path: string;
  readonly revisions: readonly CachedRevision[];
  /** On the disk, with what is not whole yet. */
  readonly bytes: number;
  /** Those of them that this program downloaded. */
  readonly ownBytes: number;
}

/** What was removed. */
export interface Removal {
  readonly repo: string;
  readonly bytes: number;
}

/** What the cache holds, whoever put it there, by name. */
export async function listCache(cacheDir: string): Promise<readonly CachedRepo[]> {
  const names = await readdir(cacheDir).catch(() => []);
  const repos = names.map(repoOfFolder).filter((repo) => repo !== undefined);
  return Promise.all(repos.sort().map((repo) => describeRepo(new RepoFolder(cacheDir, repo))));
}

/** Removes a repository from the cache, whoever put it there. Only who holds the folder's lock may. */
export async function removeRepo(folder: RepoFolder): Promise<Removal> {
  const { bytes } = await describeRepo(folder);
  await rm(folder.path, { recursive: true, force: true });
  return { repo: folder.repo, bytes };
}

/**
 * Removes what this program downloaded, and nothing else; a repository that another process is just changing
 * is left as it is.
 */
export async function flushCache(cacheDir: string): Promise<readonly Removal[]> {
  const removals: Removal[] = [];
  for (const { repo } of await listCache(cacheDir)) {
    const folder = new RepoFolder(cacheDir, repo);
    const lock = tryLock(folder);
    if (lock === undefined) continue;
    try {
      const bytes = await flushRepo(folder);
      if (bytes > 0) removals.push({ repo, bytes });
    } finally {
      lock.release();
    }
  }
  return removals;
}

function tryLock(folder: RepoFolder): ProcessLock | undefined {
  try {
    return ProcessLock.acquire(folder.lock, folder.repo);
  } catch {
    return undefined;
  }
}

async function flushRepo(folder: RepoFolder): Promise<number> {
  const own = (await readRecord(folder)).blobs;
  const blobs = await sizesIn(folder.blobs);
  const ours = [...blobs].filter(([name]) => Object.hasOwn(own, name) || isPartial(name));
  await removeLinks(folder, new Set(ours.map(([name]) => name)));
  await Promise.all(ours.map(([name]) => rm(folder.blob(name), { force: true })));
  await rm(folder.record, { force: true });
  if (ours.length === blobs.size) await removeIfEmpty(folder);
  return ours.reduce((sum, [, bytes]) => sum + bytes, 0);
}

/** Takes the links to blobs out of the snapshots, and the folders that are empty then. */
async function removeLinks(folder: RepoFolder, blobs: ReadonlySet<string>): Promise<void> {
  const entries = await readdir(folder.snapshots, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries.filter((found) => found.isSymbolicLink())) {
    const link = join(entry.parentPath, entry.name);
    if (blobs.has(basename(await readlink(link)))) await rm(link);
  }
  await removeEmptyFolders(folder.snapshots);
}

/** Refs alone are of no use to anybody. */
async function removeIfEmpty(folder: RepoFolder): Promise<void> {
  const snapshots = await readdir(folder.snapshots).catch(() => []);
  if (snapshots.length === 0) await rm(folder.path, { recursive: true, force: true });
}

async function removeEmptyFolders(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries.filter((found) => found.isDirectory())) {
    const path = join(folder, entry.name);
    await removeEmptyFolders(path);
    // One that is not empty stays.
    await rmdir(path).catch(() => undefined);
  }
}

async function describeRepo(folder: RepoFolder): Promise<CachedRepo> {
  const blobs = await sizesIn(folder.blobs);
  const { blobs: own } = await readRecord(folder);
  const total = (sizes: readonly (readonly [string, number])[]): number =>
    sizes.reduce((sum, [, bytes]) => sum + bytes, 0);
  return {
    repo: folder.repo,
    path: folder.path,
    revisions: await revisionsOf(folder),
    bytes: total([...blobs]),
    ownBytes: total([...blobs].filter(([name]) => Object.hasOwn(own, name) || isPartial(name))),
  };
}

async function revisionsOf(folder: RepoFolder): Promise<readonly CachedRevision[]> {
  const refs = await refsOf(folder.refs);
  const commits = await readdir(folder.snapshots).catch(() => []);
  const revisions = commits.sort().map(async (commit) => ({
    commit,
    refs: refs.filter((ref) => ref.commit === commit).map(({ name }) => name),
    files: await snapshotFiles(folder.snapshot(commit)),
  }));
  return Promise.all(revisions);
}

async function refsOf(refs: string): Promise<readonly { name: string; commit: string }[]> {
  const entries = await readdir(refs, { recursive: true, withFileTypes: true }).catch(() => []);
  const read = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const commit = (await readFile(path, 'utf8').catch(() => '')).trim();
      return { name: relative(refs, path).split(sep).join('/'), commit };
    });
  return Promise.all(read);
}

async function sizesIn(folder: string): Promise<ReadonlyMap<string, number>> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map(async (name) => {
      const found = await stat(join(folder, name)).catch(() => undefined);
      return [name, found?.size ?? 0] as const;
    }),
  );
  return new Map(sizes);
}
