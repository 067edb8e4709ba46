import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { AtomaError, type ModelSource, type ModelWeights, type WeightsFormat } from '../../core/index.js';
import { isCommit } from '../hub/answers.js';
import { weightsIn } from '../local.js';
import type { ModelFile, Selected, Wish } from '../model-file.js';
import { NEEDED_SETTINGS } from '../select-onnx.js';
import { select } from '../selection.js';
import { RepoFolder } from './layout.js';
import { readRecord } from './record.js';

/** Longest content of a ref that is looked at: a commit and a line's end. */
const COMMIT_CHARACTERS = 40;

/** Weights in the cache, and which commit they are of. */
export interface CachedModel {
  readonly weights: ModelWeights;
  readonly source: ModelSource;
}

export interface CacheQuery {
  readonly repo: string;
  readonly revision: string;
  readonly wish: Wish;
}

/**
 * A model's weights, where the cache holds all of them.
 * @throws AtomaError `model_unsafe_path` where a link in the cache leads out of the repository's folder
 */
export async function findInCache(
  cacheDir: string,
  { repo, revision, wish }: CacheQuery,
  format: WeightsFormat,
): Promise<CachedModel | undefined> {
  const folder = new RepoFolder(cacheDir, repo);
  const commit = await commitInCache(folder, revision);
  if (commit === undefined) return undefined;
  const present = await snapshotFiles(folder.snapshot(commit));
  const listed = (await readRecord(folder)).commits[commit];
  const selection = select(format, listed ?? present, wish);
  if (!('selected' in selection)) return undefined;
  const { selected } = selection;
  const whole = listed === undefined ? looksWhole(selected) : isWhole(selected.files, present);
  if (!whole) return undefined;
  await checkLinks(folder, commit, selected.files);
  return { weights: weightsIn(folder.snapshot(commit), selected), source: { repo, revision, commit } };
}

/** The commit that a revision stood for when it was last asked for; undefined where it never was. */
async function commitInCache(folder: RepoFolder, revision: string): Promise<string | undefined> {
  if (isCommit(revision)) return revision;
  const text = await readFile(folder.ref(revision), 'utf8').catch(() => '');
  const commit = text.slice(0, COMMIT_CHARACTERS);
  return isCommit(commit) ? commit : undefined;
}

/** The files of a snapshot that lead to something, with their sizes. */
export async function snapshotFiles(snapshot: string): Promise<readonly ModelFile[]> {
  const entries = await readdir(snapshot, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const found = await stat(path).catch(() => undefined);
      if (!found?.isFile()) return [];
      return [{ path: relative(snapshot, path).split(sep).join('/'), bytes: found.size }];
    });
  return (await Promise.all(files)).flat();
}

function isWhole(wanted: readonly ModelFile[], present: readonly ModelFile[]): boolean {
  const sizes = new Map(present.map(({ path, bytes }) => [path, bytes]));
  return wanted.every(({ path, bytes }) => sizes.get(path) === bytes);
}

/** What another tool put there comes without a list: a graph needs its settings, and a split file has been counted. */
function looksWhole({ format, files }: Selected<ModelFile>): boolean {
  if (format === 'gguf') return true;
  const paths = new Set(files.map(({ path }) => path));
  return NEEDED_SETTINGS.every((path) => paths.has(path));
}

/** Other users may be able to write in a cache that is shared: a link may lead to the repository's own blobs only. */
async function checkLinks(folder: RepoFolder, commit: string, files: readonly ModelFile[]): Promise<void> {
  const home = await realpath(folder.path);
  for (const { path } of files) {
    const link = join(folder.snapshot(commit), path);
    const target = await realpath(link);
    if (target.startsWith(home + sep)) continue;
    throw new AtomaError(
      'model_unsafe_path',
      `${link} leads out of the cache, to ${target}: it was not put there by a download. Remove it, then pull ${folder.repo} again.`,
      { fields: { repo: folder.repo, path: link, target } },
    );
  }
}
