import { randomBytes } from 'node:crypto';
import { blake2b } from '@noble/hashes/blake2.js';

const BLOCK_BYTES = 32;

/** Where ids, keys, samples and seeds come from. */
export interface RandomSource {
  bytes(length: number): Uint8Array;
}

/** The operating system's randomness. */
export const SYSTEM_RANDOM: RandomSource = { bytes: (length) => Uint8Array.from(randomBytes(length)) };

/** The same bytes in every run with the same seed: blake2b-256(seed ‖ counter), block after block. */
export class SeededRandom implements RandomSource {
  readonly #block = new Uint8Array(16);
  readonly #view = new DataView(this.#block.buffer);
  #counter = 0n;

  constructor(seed: bigint) {
    this.#view.setBigUint64(0, BigInt.asUintN(64, seed), true);
  }

  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let offset = 0; offset < length; offset += BLOCK_BYTES) {
      this.#view.setBigUint64(8, this.#counter++, true);
      const block = blake2b(this.#block, { dkLen: BLOCK_BYTES });
      out.set(block.subarray(0, Math.min(BLOCK_BYTES, length - offset)), offset);
    }
    return out;
  }
}

/** A uniform u64. */
export function randomU64(source: RandomSource): bigint {
  const bytes = source.bytes(8);
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
}

/** Uniform in 0 … bound-1; the bias of 2^64 mod bound is below 2^-32 for any list that fits in memory. */
export function randomBelow(source: RandomSource, bound: number): number {
  return Number(randomU64(source) % BigInt(bound));
}

/** One item of a non-empty list; undefined of an empty one. */
export function pick<T>(source: RandomSource, items: readonly T[]): T | undefined {
  return items.length === 0 ? undefined : items[randomBelow(source, items.length)];
}

/** `count` items without replacement, in the order drawn. */
export function sample<T>(source: RandomSource, items: readonly T[], count: number): T[] {
  const pool = [...items];
  const drawn: T[] = [];
  while (drawn.length < count && pool.length > 0) {
    drawn.push(...pool.splice(randomBelow(source, pool.length), 1));
  }
  return drawn;
}
