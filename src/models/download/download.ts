import { mkdir, stat } from 'node:fs/promises';
import pLimit from 'p-limit';
import type { Logger } from 'pino';
import type { RepoFolder } from '../cache/layout.js';
import { linkSnapshot, writeRef } from '../cache/link.js';
import { readRecord, writeRecord } from '../cache/record.js';
import type { HubFile } from '../hub/answers.js';
import type { HubClient } from '../hub/client.js';
import type { HubTiming } from '../timing.js';
import { checkDisk, diskFailure, type FreeBytes } from './disk.js';
import { type DownloadProgress, ProgressMeter } from './progress.js';
import { Transfer } from './transfer.js';

/** Files fetched at once: with more of them a line is not faster, and a hub counts them as a load. */
const PARALLEL_FILES = 4;

export interface DownloadOptions {
  readonly endpoint: string;
  readonly timing: HubTiming;
  readonly freeBytes: FreeBytes;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: DownloadProgress) => void;
}

export interface DownloadModules {
  readonly client: HubClient;
  readonly logger: Logger;
}

/** What is to be in the cache. */
export interface DownloadOrder {
  readonly revision: string;
  readonly commit: string;
  /** All files that the commit has for models. */
  readonly listed: readonly HubFile[];
  /** Those of the model that is wanted. */
  readonly wanted: readonly HubFile[];
}

/**
 * Brings files into the cache, those that are not there yet. Only who holds the folder's lock may.
 * @throws AtomaError `disk_full`, `cache_unwritable`, `download_corrupt`, `model_unsafe_path`; the hub's
 * failures; the signal's reason
 */
export async function download(
  folder: RepoFolder,
  order: DownloadOrder,
  modules: DownloadModules,
  options: DownloadOptions,
): Promise<void> {
  try {
    await mkdir(folder.path, { recursive: true });
    await fetchMissing(folder, order, modules, options);
    await linkSnapshot(folder, order.commit, order.wanted);
    await writeRef(folder, order.revision, order.commit);
    const { blobs, commits } = await readRecord(folder);
    await writeRecord(folder, { blobs, commits: { ...commits, [order.commit]: order.listed } });
  } catch (error) {
    throw diskFailure(error, folder.path);
  }
}

async function fetchMissing(
  folder: RepoFolder,
  { commit, wanted }: DownloadOrder,
  modules: DownloadModules,
  options: DownloadOptions,
): Promise<void> {
  const unique = [...new Map(wanted.map((file) => [file.etag, file])).values()];
  const sizes = await Promise.all(unique.map((file) => sizeOf(folder.blob(file.etag))));
  const missing = unique.filter((file, index) => sizes[index] !== file.bytes);
  const totalBytes = sum(unique);
  const partials = await Promise.all(missing.map((file) => startSize(folder, file)));
  const restBytes = sum(missing) - partials.reduce((total, bytes) => total + bytes, 0);
  await checkDisk(folder.path, restBytes, options.freeBytes);
  const { timing, onProgress } = options;
  const meter = new ProgressMeter({
    totalBytes,
    doneBytes: totalBytes - restBytes,
    intervalMs: timing.progressMs,
    onProgress,
  });
  await fetchAll(folder, commit, missing, { ...modules, meter }, options);
  meter.report();
}

/** Fetches several at once; the first that fails ends the others. */
async function fetchAll(
  folder: RepoFolder,
  commit: string,
  files: readonly HubFile[],
  modules: DownloadModules & { readonly meter: ProgressMeter },
  options: DownloadOptions,
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const transfer = new Transfer(folder, commit, modules, { ...options, signal });
  const limit = pLimit(PARALLEL_FILES);
  const oneRecord = pLimit(1);
  const results = files.map((file) =>
    limit(async () => {
      signal.throwIfAborted();
      await transfer.fetch(file);
      await oneRecord(() => recordBlob(folder, file));
    }).catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(results);
  signal.throwIfAborted();
}

/** Written after the file stands: a blob that another program brings is not to be taken for ours. */
async function recordBlob(folder: RepoFolder, { etag, bytes }: HubFile): Promise<void> {
  const { blobs, commits } = await readRecord(folder);
  await writeRecord(folder, { blobs: { ...blobs, [etag]: bytes }, commits });
}

/** What an earlier download has left of a file; more than all of it is not it. */
async function startSize(folder: RepoFolder, { etag, bytes }: HubFile): Promise<number> {
  const size = (await sizeOf(folder.partial(etag))) ?? 0;
  return size > bytes ? 0 : size;
}

async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.size;
}

function sum(files: readonly HubFile[]): number {
  return files.reduce((total, { bytes }) => total + bytes, 0);
}
