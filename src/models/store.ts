import { type Logger, pino } from 'pino';
import {
  AtomaError,
  type ModelSource,
  type ModelWeights,
  ProcessLock,
  type WeightsFormat,
} from '../core/index.js';
import { type CachedRepo, flushCache, listCache, type Removal, removeRepo } from './cache/inventory.js';
import { RepoFolder } from './cache/layout.js';
import { type FreeBytes, freeBytesOf } from './download/disk.js';
import { type FetchRequest, fetchModel, firstInCache } from './download/fetch-model.js';
import { measureModel } from './download/measure.js';
import type { DownloadProgress } from './download/progress.js';
import type { HubCard } from './hub/answers.js';
import { HubClient } from './hub/client.js';
import { HubConnection } from './hub/connection.js';
import { type Environment, endpointOf, isOffline, isOpenToReaders } from './hub-environment.js';
import { findLocal } from './local.js';
import type { ModelFile } from './model-file.js';
import type { ModelReference } from './reference.js';
import { named, notFound, offline, requestsOf } from './requests.js';
import { targetOf } from './target.js';
import { DEFAULT_TIMING, type HubTiming } from './timing.js';

/** Weights that are here, and where they came from. */
export interface ObtainedModel {
  readonly weights: ModelWeights;
  /** undefined for a local path. */
  readonly source: ModelSource | undefined;
}

export interface ObtainOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: DownloadProgress) => void;
}

export interface ModelStoreOptions {
  /** In the layout of the hub's own tools, which can share it. */
  readonly cacheDir: string;
  /** Bearer token for the hub. */
  readonly apiKey: string | undefined;
  /** For `HF_ENDPOINT`, `HF_HUB_OFFLINE`, `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`; default: that of the process. */
  readonly env?: Environment;
  readonly timing?: Partial<HubTiming>;
  /** Default: what the file system of the folder says. */
  readonly freeBytes?: FreeBytes;
}

export interface ModelStoreModules {
  /** Hears of retries and waits; default: nobody does. */
  readonly logger?: Logger;
}

/** What the hub says of a model. */
export interface HubDescription extends HubCard {
  readonly repo: string;
  /** Those that can belong to a model; undefined where the key may not see them. */
  readonly files: readonly ModelFile[] | undefined;
}

/** The models of this machine: finds weights by name, and downloads what is not here. */
export class ModelStore {
  readonly #options: ModelStoreOptions;
  readonly #endpoint: string;
  readonly #timing: HubTiming;
  readonly #isOffline: boolean;
  readonly #logger: Logger;
  readonly #connection: HubConnection;
  readonly #client: HubClient;

  /** @throws AtomaError `invalid_config` where `HF_ENDPOINT` is no address. */
  constructor(options: ModelStoreOptions, modules: ModelStoreModules = {}) {
    const env = options.env ?? process.env;
    this.#options = options;
    this.#endpoint = endpointOf(env);
    this.#isOffline = isOffline(env);
    this.#timing = { ...DEFAULT_TIMING, ...options.timing };
    this.#logger = modules.logger ?? pino({ level: 'silent' });
    if (options.apiKey !== undefined && isOpenToReaders(this.#endpoint)) {
      this.#logger.warn(
        { endpoint: this.#endpoint },
        'the key for the hub goes there unencrypted: use https',
      );
    }
    const { stallMs } = this.#timing;
    this.#connection = new HubConnection({ endpoint: this.#endpoint, apiKey: options.apiKey, env, stallMs });
    this.#client = new HubClient(
      { endpoint: this.#endpoint, timing: this.#timing },
      { connection: this.#connection, logger: this.#logger },
    );
  }

  /** The hub's address. */
  get endpoint(): string {
    return this.#endpoint;
  }

  /** Where models are kept. */
  get cacheDir(): string {
    return this.#options.cacheDir;
  }

  /**
   * Refuses what can be told from the name alone.
   * @throws AtomaError `model_unsupported` for a modality that cannot be run; `model_not_known` for a name
   * that is no short name, no repository and no path, saying which is near.
   */
  check(reference: ModelReference): void {
    targetOf(reference);
  }

  /**
   * The model's weights in the first of the formats that there is, downloaded where they are not here yet.
   * With those of one format all here no request is made.
   * @param formats in order of preference
   * @throws AtomaError as {@link ModelStore.check}; `model_not_found` saying what there is; `model_forbidden`,
   * `hub_unreachable`, `hub_busy`, `hub_unavailable`, `hub_refused`, `disk_full`, `cache_unwritable`,
   * `lock_unavailable`, `cache_changed`, `download_corrupt`, `model_unsafe_path`; the signal's reason when it aborts
   */
  async obtain(
    reference: ModelReference,
    formats: readonly WeightsFormat[],
    options: ObtainOptions,
  ): Promise<ObtainedModel> {
    return (await this.find(reference, formats)) ?? (await this.#fetch(reference, formats, options, false));
  }

  /** As {@link ModelStore.obtain}, but the hub is asked whether the revision has moved on. */
  async pull(
    reference: ModelReference,
    formats: readonly WeightsFormat[],
    options: ObtainOptions,
  ): Promise<ObtainedModel> {
    const local = targetOf(reference).kind === 'local';
    return local ? this.obtain(reference, formats, options) : this.#fetch(reference, formats, options, true);
  }

  /**
   * As {@link ModelStore.obtain}, of what is here alone: undefined where something had to be downloaded.
   * Makes no request.
   */
  async find(
    reference: ModelReference,
    formats: readonly WeightsFormat[],
  ): Promise<ObtainedModel | undefined> {
    const target = targetOf(reference);
    if (target.kind === 'local') {
      return { weights: await findLocal(reference, target.path, formats), source: undefined };
    }
    for (const request of requestsOf(target, reference, formats)) {
      const found = await firstInCache(request, this.#options.cacheDir);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /**
   * What the hub says of a model; undefined for a local one.
   * @throws AtomaError as {@link ModelStore.obtain}
   */
  async describe(reference: ModelReference, signal: AbortSignal): Promise<HubDescription | undefined> {
    const target = targetOf(reference);
    const repo = target.kind === 'local' ? undefined : (target.repos.gguf ?? target.repos.onnx);
    if (repo === undefined) return undefined;
    if (this.#isOffline) throw named(offline(), reference, target);
    try {
      const card = await this.#client.describe(repo, reference.revision, signal);
      const files = await this.#client.listFiles(repo, card.commit, signal).catch((error: unknown) => {
        if (error instanceof AtomaError && error.code === 'model_forbidden') return undefined;
        throw error;
      });
      return { repo, files, ...card };
    } catch (error) {
      throw named(error, reference, target);
    }
  }

  /**
   * The account of the key, from the hub; undefined without a key, where the hub has answered.
   * @throws AtomaError `model_forbidden` for a key that the hub does not accept; `hub_unreachable`, …
   */
  whoAmI(signal: AbortSignal): Promise<string | undefined> {
    return this.#client.whoAmI(signal);
  }

  /**
   * Bytes of the files that {@link ModelStore.obtain} takes from the hub where nothing of them is here yet.
   * @throws AtomaError as {@link ModelStore.describe}; `model_not_found` saying what there is
   */
  measure(
    reference: ModelReference,
    formats: readonly WeightsFormat[],
    signal: AbortSignal,
  ): Promise<number> {
    return this.#firstOf(reference, formats, (request) =>
      measureModel(request, { client: this.#client }, signal),
    );
  }

  /** What the cache holds, whoever put it there. */
  list(): Promise<readonly CachedRepo[]> {
    return listCache(this.#options.cacheDir);
  }

  /** The repositories of the cache that a model's name stands for. */
  async listOf(reference: ModelReference): Promise<readonly CachedRepo[]> {
    const target = targetOf(reference);
    const repos: readonly (string | undefined)[] = target.kind === 'local' ? [] : Object.values(target.repos);
    return (await this.list()).filter(({ repo }) => repos.includes(repo));
  }

  /**
   * Removes a repository from the cache, with all of its revisions, whoever put it there.
   * @throws AtomaError `already_running` while another process downloads to it; `lock_unavailable`
   */
  async remove(repo: string): Promise<Removal> {
    const folder = new RepoFolder(this.#options.cacheDir, repo);
    const lock = ProcessLock.acquire(folder.lock, `the cache of ${repo}`, 'Stop that process first.');
    try {
      return await removeRepo(folder);
    } finally {
      lock.release();
    }
  }

  /** Removes what this program, in whichever run, downloaded to the cache, and nothing else. */
  flush(): Promise<readonly Removal[]> {
    return flushCache(this.#options.cacheDir);
  }

  /** Closes the connections to the hub. */
  close(): Promise<void> {
    return this.#connection.close();
  }

  #fetch(
    reference: ModelReference,
    formats: readonly WeightsFormat[],
    { signal, onProgress }: ObtainOptions,
    refresh: boolean,
  ): Promise<ObtainedModel> {
    const modules = { client: this.#client, logger: this.#logger };
    const { cacheDir, freeBytes = freeBytesOf } = this.#options;
    const shared = { endpoint: this.#endpoint, timing: this.#timing, cacheDir, freeBytes, refresh };
    return this.#firstOf(reference, formats, (request) =>
      fetchModel(request, modules, { ...shared, signal, onProgress }),
    );
  }

  /** The answer of the first repository that has the model in one of the formats. */
  async #firstOf<Answer>(
    reference: ModelReference,
    formats: readonly WeightsFormat[],
    ask: (request: FetchRequest) => Promise<Answer>,
  ): Promise<Answer> {
    const target = targetOf(reference);
    if (this.#isOffline) throw named(offline(), reference, target);
    const problems: AtomaError[] = [];
    for (const request of requestsOf(target, reference, formats)) {
      try {
        return await ask(request);
      } catch (error) {
        // Another format may be in another repository.
        if (!(error instanceof AtomaError) || error.code !== 'model_not_found') {
          throw named(error, reference, target);
        }
        problems.push(error);
      }
    }
    throw named(notFound(problems, formats), reference, target);
  }
}
