import { AtomaError, ProcessLock, type WeightsFormat } from '../../core/index.js';
import { RepoFolder } from '../cache/layout.js';
import { type CachedModel, findInCache } from '../cache/snapshot.js';
import type { Wish } from '../model-file.js';
import { select } from '../selection.js';
import { type DownloadModules, type DownloadOptions, download } from './download.js';

export interface FetchOptions extends DownloadOptions {
  readonly cacheDir: string;
  /** Asks the hub for the revision's commit even where the cache knows one. */
  readonly refresh: boolean;
}

/** What is wanted of one repository. */
export interface FetchRequest {
  readonly repo: string;
  readonly revision: string;
  readonly wish: Wish;
  /** In order of preference. */
  readonly formats: readonly WeightsFormat[];
}

/**
 * A model's weights from a repository of the hub: downloaded, where another process has not just done it.
 * @throws AtomaError `model_not_found` saying what the repository has; as `download`
 */
export async function fetchModel(
  request: FetchRequest,
  modules: DownloadModules,
  options: FetchOptions,
): Promise<CachedModel> {
  const { repo } = request;
  const folder = new RepoFolder(options.cacheDir, repo);
  const lock = await ProcessLock.wait(folder.lock, `the cache of ${repo}`, {
    signal: options.signal,
    pollMs: options.timing.lockPollMs,
    onWait: (holder) =>
      modules.logger.info({ repo, holder }, 'waiting for the process that downloads this model'),
  });
  try {
    const present = options.refresh ? undefined : await firstInCache(request, options.cacheDir);
    return present ?? (await fetchLocked(folder, request, modules, options));
  } finally {
    lock.release();
  }
}

/** The weights that the cache holds, in the first of the formats that it has. */
export async function firstInCache(
  { formats, ...query }: FetchRequest,
  cacheDir: string,
): Promise<CachedModel | undefined> {
  for (const format of formats) {
    const found = await findInCache(cacheDir, query, format);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function fetchLocked(
  folder: RepoFolder,
  { repo, revision, wish, formats }: FetchRequest,
  modules: DownloadModules,
  options: FetchOptions,
): Promise<CachedModel> {
  const { client, logger } = modules;
  const { commit } = await client.describe(repo, revision, options.signal);
  const listed = await client.listFiles(repo, commit, options.signal);
  const problems: string[] = [];
  for (const format of formats) {
    const selection = select(format, listed, wish);
    if (!('selected' in selection)) {
      problems.push(selection.problem);
      continue;
    }
    const wanted = selection.selected.files;
    logger.info({ repo, revision, commit, files: wanted.length }, 'downloading what is missing of the model');
    await download(folder, { revision, commit, listed, wanted }, modules, options);
    const found = await findInCache(options.cacheDir, { repo, revision: commit, wish }, format);
    if (found === undefined) throw changed(repo);
    return { weights: found.weights, source: { repo, revision, commit } };
  }
  throw new AtomaError('model_not_found', `${repo} (revision ${revision}) ${problems.join(', and ')}`, {
    fields: { repo, revision, commit, files: listed.map(({ path }) => path) },
  });
}

/** Another program has removed or replaced what had just come. */
function changed(repo: string): AtomaError {
  return new AtomaError(
    'cache_changed',
    `the cache of ${repo} was changed by another program during the download: try again`,
    { fields: { repo } },
  );
}
