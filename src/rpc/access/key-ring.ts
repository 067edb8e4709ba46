import type { Logger } from 'pino';
import { messageOf } from '../../core/index.js';
import { watchFiles } from '../file-watch.js';
import { type ApiKey, stateOf } from './api-key.js';
import { readKeysFile } from './keys-file.js';
import { hashSecret, isSameHash } from './secret.js';

/** Longest delay of a timer in Node, ms. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * The keys of a node, as their file has them now. A file that breaks while the node runs changes nothing: the former
 * keys go on standing, and the log says so.
 */
export class KeyRing {
  readonly #logger: Logger;
  readonly #listeners = new Set<() => void>();
  #byHash: ReadonlyMap<string, ApiKey> = new Map();
  #byId: ReadonlyMap<string, ApiKey> = new Map();
  #isClosed = false;
  #unwatch: () => void = () => undefined;
  #expiry: NodeJS.Timeout | undefined;
  #reading: Promise<void> = Promise.resolve();

  private constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * Reads the file and follows it.
   * @param options.path undefined for a node that has no keys
   * @throws AtomaError `keys_file_unreadable`, `keys_file_invalid`, `keys_file_exposed`
   */
  static async open(
    options: { readonly path: string | undefined },
    modules: { readonly logger: Logger },
  ): Promise<KeyRing> {
    const ring = new KeyRing(modules.logger);
    const { path } = options;
    if (path === undefined) return ring;
    // First, so that no change falls between.
    ring.#unwatch = watchFiles([path], () => ring.#readAgain(path));
    try {
      await ring.#read(path);
    } catch (error) {
      ring.stop();
      throw error;
    }
    return ring;
  }

  /**
   * Whether every call needs a key: from the first key on, and until the node starts again, also where all keys were
   * revoked or ran out or their file went. A node does not open by losing what closed it.
   */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** How many keys open something now. */
  activeKeys(): number {
    return [...this.#byId.values()].filter((key) => stateOf(key, Date.now()) === 'active').length;
  }

  /** The key of a secret, where it stands. */
  find(secret: string): ApiKey | undefined {
    const hash = hashSecret(secret);
    const key = this.#byHash.get(hash);
    return key !== undefined && isSameHash(key.sha256, hash) ? this.get(key.id) : undefined;
  }

  /** The key of an id as it is now, where it stands. */
  get(id: string): ApiKey | undefined {
    const key = this.#byId.get(id);
    return key !== undefined && stateOf(key, Date.now()) === 'active' ? key : undefined;
  }

  /** Called after each change of what keys stand. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  stop(): void {
    this.#unwatch();
    clearTimeout(this.#expiry);
    this.#listeners.clear();
  }

  #readAgain(path: string): void {
    this.#reading = this.#reading
      .then(() => this.#read(path))
      .catch((error: unknown) => {
        this.#logger.error(
          { audit: true, path, problem: messageOf(error) },
          'the keys file changed and cannot be used: the former keys go on standing, what was revoked in it is NOT revoked',
        );
      });
  }

  async #read(path: string): Promise<void> {
    const file = await readKeysFile(path);
    if (file?.isReadByOthers) {
      this.#logger.warn({ path }, `other users of this machine can read the keys file: chmod 600 ${path}`);
    }
    this.#take(file?.keys ?? []);
  }

  #take(keys: readonly ApiKey[]): void {
    this.#byHash = new Map(keys.map((key) => [key.sha256, key]));
    this.#byId = new Map(keys.map((key) => [key.id, key]));
    this.#isClosed ||= keys.length > 0;
    const active = keys.filter((key) => stateOf(key, Date.now()) === 'active');
    const names = active.map(({ id, name }) => ({ id, name }));
    if (this.#isClosed) this.#logger.info({ audit: true, active: names }, 'API keys read');
    this.#tell();
  }

  #tell(): void {
    this.#awaitExpiry();
    for (const listener of this.#listeners) listener();
  }

  /** Keys that run out are a change as well, which no file tells. */
  #awaitExpiry(): void {
    clearTimeout(this.#expiry);
    const now = Date.now();
    const times = [...this.#byId.values()]
      .filter((key) => key.expires !== null && stateOf(key, now) === 'active')
      .map((key) => Date.parse(key.expires ?? ''));
    if (times.length === 0) return;
    const delayMs = Math.min(Math.max(Math.min(...times) - now, 1), MAX_DELAY_MS);
    this.#expiry = setTimeout(() => this.#tell(), delayMs);
    this.#expiry.unref();
  }
}
