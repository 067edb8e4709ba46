import type { Logger } from 'pino';
import type { Response } from 'undici';
import { AtomaError } from '../../core/index.js';
import type { RepoFolder } from '../cache/layout.js';
import type { HubFile } from '../hub/answers.js';
import type { HubClient } from '../hub/client.js';
import { connectionFailure } from '../hub/failure.js';
import { withRetries } from '../hub/retry.js';
import type { HubTiming } from '../timing.js';
import { PartialFile } from './partial-file.js';
import type { ProgressMeter } from './progress.js';

/** Times that a file is fetched anew after it came with other bytes than the hub lists. */
const MAX_REFETCHES = 2;

export interface TransferModules {
  readonly client: HubClient;
  readonly meter: ProgressMeter;
  readonly logger: Logger;
}

export interface TransferOptions {
  readonly endpoint: string;
  readonly timing: HubTiming;
  readonly signal: AbortSignal;
}

/** The transfer of one file into the cache. */
export class Transfer {
  readonly #folder: RepoFolder;
  readonly #commit: string;
  readonly #modules: TransferModules;
  readonly #options: TransferOptions;

  constructor(folder: RepoFolder, commit: string, modules: TransferModules, options: TransferOptions) {
    this.#folder = folder;
    this.#commit = commit;
    this.#modules = modules;
    this.#options = options;
  }

  /**
   * Fetches a file, from where an earlier transfer broke off, until its hash is the hub's.
   * @throws AtomaError `download_corrupt` where it never is; the hub's failures; the signal's reason
   */
  async fetch(file: HubFile): Promise<void> {
    const partial = await PartialFile.open(this.#folder.partial(file.etag), file, this.#options.signal);
    try {
      for (let refetches = 0; !(await this.#isFetched(partial, file)); refetches++) {
        await this.#discard(partial);
        if (refetches === MAX_REFETCHES) throw this.#corrupt(file);
        this.#modules.logger.warn({ file: file.path }, 'a file came with wrong bytes and is fetched again');
      }
      await partial.finish(this.#folder.blob(file.etag));
    } finally {
      await partial.close();
    }
  }

  async #isFetched(partial: PartialFile, file: HubFile): Promise<boolean> {
    const { timing, signal } = this.#options;
    // After a start from the beginning only what goes beyond the furthest point is progress.
    let furthest = partial.bytes;
    const progress = (): number => {
      furthest = Math.max(furthest, partial.bytes);
      return furthest;
    };
    const { logger } = this.#modules;
    await withRetries(() => this.#receive(partial, file), { timing, signal, logger, progress });
    return partial.isRight();
  }

  /** Receives the rest; returns early where it is seen to be another file's. */
  async #receive(partial: PartialFile, file: HubFile): Promise<void> {
    if (partial.bytes === file.bytes) return;
    const { signal, endpoint } = this.#options;
    const { client, meter } = this.#modules;
    const response = await client.open(this.#folder.repo, this.#commit, file.path, partial.bytes, signal);
    // Not every server knows ranges: it may start again from the beginning.
    if (startOf(response) !== partial.bytes) await this.#discard(partial);
    if (startOf(response) !== partial.bytes) {
      await response.body?.cancel();
      throw connectionFailure(endpoint, new Error('another part of the file came than was asked for'));
    }
    try {
      for await (const chunk of response.body ?? []) {
        if (partial.bytes + chunk.length > file.bytes) return await this.#discard(partial);
        await partial.append(chunk);
        meter.add(chunk.length);
      }
    } catch (error) {
      signal.throwIfAborted();
      throw isOfDisk(error) ? error : connectionFailure(endpoint, error);
    }
    if (partial.bytes < file.bytes)
      throw connectionFailure(endpoint, new Error('it ended before the file did'));
  }

  async #discard(partial: PartialFile): Promise<void> {
    this.#modules.meter.add(-partial.bytes);
    await partial.reset();
  }

  #corrupt({ path, bytes, etag }: HubFile): AtomaError {
    const { repo } = this.#folder;
    return new AtomaError(
      'download_corrupt',
      `${path} of ${repo} came with other bytes than ${this.#options.endpoint} lists, ${MAX_REFETCHES + 1} times in a row; a proxy or a mirror on the way changes it. Nothing of it was kept.`,
      { fields: { repo, path, bytes, etag } },
    );
  }
}

/** The byte that the response's body starts with. */
function startOf(response: Response): number {
  const [, start] = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '') ?? [];
  return response.status === 206 && start !== undefined ? Number(start) : 0;
}

/** Failures of a write to the disk come with the call that failed; those of a connection do not. */
function isOfDisk(error: unknown): boolean {
  const call = error instanceof Error ? Reflect.get(error, 'syscall') : undefined;
  return call === 'write' || call === 'ftruncate';
}
