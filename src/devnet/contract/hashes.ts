import { blake2b } from '@noble/hashes/blake2.js';
import type { Claim } from './records.js';

export const HASH_BYTES = 32;

/** blake2b-256 over leaves, one after the other. */
export function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  const hash = blake2b.create({ dkLen: HASH_BYTES });
  for (const leaf of leaves) hash.update(leaf);
  return hash.digest();
}

export function sameClaim(a: Claim, b: Claim): boolean {
  return a.inputTokens === b.inputTokens && a.outputTokens === b.outputTokens && sameBytes(a.root, b.root);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
