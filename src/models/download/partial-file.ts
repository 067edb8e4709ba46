import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { HubFile } from '../hub/answers.js';

/** In a cache that others can write in, a link in the partial file's place must not be written through. */
const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0);

/** Read at once when an earlier download is hashed again, bytes: many GB may be there. */
const READ_BYTES = 1024 * 1024;

/** Hexadecimal digits of a SHA-256; an etag of other length is a git object id. */
const SHA256_DIGITS = 64;

/** A file on its way into the cache: what has come so far, and its hash. */
export class PartialFile {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #file: HubFile;
  #hash: Hash;
  #bytes = 0;

  private constructor(handle: FileHandle, path: string, file: HubFile) {
    this.#handle = handle;
    this.#path = path;
    this.#file = file;
    this.#hash = hashOf(file);
  }

  /**
   * Opens it where an earlier download broke off; what is there is hashed again.
   * @throws the signal's reason when it aborts
   */
  static async open(path: string, file: HubFile, signal: AbortSignal): Promise<PartialFile> {
    await mkdir(dirname(path), { recursive: true });
    const partial = new PartialFile(await open(path, FLAGS), path, file);
    try {
      await partial.#readBack(signal);
      return partial;
    } catch (error) {
      await partial.close();
      throw error;
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  async append(chunk: Uint8Array): Promise<void> {
    // A write may be cut short; what is left of it follows.
    for (let written = 0; written < chunk.length; ) {
      written += (await this.#handle.write(chunk, written)).bytesWritten;
    }
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
  }

  /** Throws away what has come. */
  async reset(): Promise<void> {
    await this.#handle.truncate(0);
    this.#hash = hashOf(this.#file);
    this.#bytes = 0;
  }

  /** Whether what has come is what the hub has. */
  isRight(): boolean {
    return this.#bytes === this.#file.bytes && this.#hash.copy().digest('hex') === this.#file.etag;
  }

  /** Puts it in its place, so that it is there whole or not at all, whatever happens to the machine. */
  async finish(path: string): Promise<void> {
    await this.#handle.sync();
    await this.close();
    await rename(this.#path, path);
  }

  async close(): Promise<void> {
    // A closed handle has no descriptor.
    if (this.#handle.fd >= 0) await this.#handle.close();
  }

  async #readBack(signal: AbortSignal): Promise<void> {
    const { size } = await this.#handle.stat();
    if (size > this.#file.bytes) return this.reset();
    for await (const chunk of this.#handle.createReadStream({
      start: 0,
      autoClose: false,
      highWaterMark: READ_BYTES,
    })) {
      signal.throwIfAborted();
      this.#hash.update(chunk);
      this.#bytes += chunk.length;
    }
  }
}

/** Git hashes a file with its kind and size before it. */
function hashOf({ etag, bytes }: HubFile): Hash {
  return etag.length === SHA256_DIGITS ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`);
}
