import { listFiles, modelInfo, whoAmI } from '@huggingface/hub';
import type { Logger } from 'pino';
import type { RequestInit, Response } from 'undici';
import { AtomaError, messageOf } from '../../core/index.js';
import type { HubTiming } from '../timing.js';
import { cardOf, commitOf, type HubCard, type HubFile, hubFileOf, notUnderstood } from './answers.js';
import { wholeAnswer } from './body.js';
import type { HubConnection } from './connection.js';
import type { HubQuestion } from './failure.js';
import { withRetries } from './retry.js';

export interface HubClientOptions {
  readonly endpoint: string;
  readonly timing: HubTiming;
}

export interface HubClientModules {
  readonly connection: HubConnection;
  readonly logger: Logger;
}

/** What the hub knows of a repository beyond its files. */
const CARD_FIELDS = ['sha', 'cardData', 'safetensors', 'gguf'];

/** Entries that a repository's list may have: a model has hundreds; more would fill the memory. */
const MAX_ENTRIES = 100_000;

/** The library wants a key of the hub's own form; the connection puts the real one in its place. */
const KEY_OF_CONNECTION = 'hf_of-the-connection';

/** Questions to the hub. Each is asked again where the hub or the way to it fails for a while. */
export class HubClient {
  readonly #options: HubClientOptions;
  readonly #modules: HubClientModules;

  constructor(options: HubClientOptions, modules: HubClientModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /**
   * The commit of a revision, and what the hub says of the model.
   * @throws AtomaError `model_not_found`, `model_forbidden`, `hub_unreachable`, `hub_busy`, `hub_unavailable`
   */
  describe(repo: string, revision: string, signal: AbortSignal): Promise<HubCard> {
    return this.#ask({ repo, revision }, signal, async (params) => {
      // `gguf` is a field of the hub's that the library's types do not have yet.
      const additionalFields = CARD_FIELDS as 'sha'[];
      return cardOf(await modelInfo({ ...params, name: repo, revision, additionalFields }));
    });
  }

  /**
   * The files of a commit that can belong to a model.
   * @throws AtomaError as {@link HubClient.describe}; `model_unsafe_path` where one leads out of its folder
   */
  listFiles(repo: string, commit: string, signal: AbortSignal): Promise<readonly HubFile[]> {
    return this.#ask({ repo, revision: commitOf(commit) }, signal, async (params) => {
      const files: HubFile[] = [];
      let entries = 0;
      for await (const entry of listFiles({ ...params, repo, revision: commit, recursive: true })) {
        if (++entries > MAX_ENTRIES) {
          throw new AtomaError(
            'hub_refused',
            `${repo} has more than ${MAX_ENTRIES} files, which is no model`,
          );
        }
        const file = hubFileOf(repo, entry);
        if (file !== undefined) files.push(file);
      }
      return files;
    });
  }

  /**
   * The name of the account that the key belongs to; undefined without a key, where the hub has answered.
   * @throws AtomaError `model_forbidden` for a key that the hub does not know; as {@link HubClient.describe}
   */
  async whoAmI(signal: AbortSignal): Promise<string | undefined> {
    try {
      return await this.#ask({}, signal, async (params) => {
        const { name } = await whoAmI({ ...params, accessToken: KEY_OF_CONNECTION });
        return String(name);
      });
    } catch (error) {
      const isAnswer = error instanceof AtomaError && error.code === 'model_forbidden';
      if (isAnswer && !this.#modules.connection.hasKey) return undefined;
      throw error;
    }
  }

  /** Opens a file of a commit, from a byte on. */
  open(repo: string, commit: string, path: string, from: number, signal: AbortSignal): Promise<Response> {
    const { endpoint } = this.#options;
    const url = `${endpoint}/${repo}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
    const headers = {
      // Compressed, the bytes would not be those that are counted and hashed.
      'accept-encoding': 'identity',
      ...(from > 0 && { range: `bytes=${from}-` }),
    };
    return this.#modules.connection.request(url, { headers, signal }, { repo, revision: commit });
  }

  #ask<Answer>(
    question: Partial<HubQuestion>,
    signal: AbortSignal,
    ask: (params: { hubUrl: string; fetch: typeof globalThis.fetch }) => Promise<Answer>,
  ): Promise<Answer> {
    const { connection, logger } = this.#modules;
    const { endpoint, timing } = this.#options;
    const request = async (url: string | URL | Request, init?: object): Promise<Response> =>
      wholeAnswer(
        await connection.request(String(url), { ...(init as RequestInit), signal }, question),
        endpoint,
      );
    // undici's Response is the one that Node's own fetch gives, under another type.
    const params = { hubUrl: endpoint, fetch: request as unknown as typeof globalThis.fetch };
    const attempt = (): Promise<Answer> =>
      ask(params).catch((error: unknown) => {
        signal.throwIfAborted();
        throw error instanceof AtomaError ? error : notUnderstood(messageOf(error));
      });
    return withRetries(attempt, { timing, signal, logger });
  }
}
