import { blake2b } from '@noble/hashes/blake2.js';

const HASH_BYTES = 32;
/** A chunk count beyond this is no real ticket: the contract asks for at most a few dozen leaves. */
export const MAX_CHUNKS = 65_536n;

/**
 * The leaf of chunk `index`: blake2b-256(data ‖ u64_le(index)), as the contract's settlement module
 * defines it.
 * @param data the UTF-8 bytes of the output text
 */
export function commitmentLeaf(data: Uint8Array, index: bigint): Uint8Array {
  const position = new Uint8Array(8);
  new DataView(position.buffer).setBigUint64(0, index, true);
  return blake2b.create({ dkLen: HASH_BYTES }).update(data).update(position).digest();
}

/**
 * Every leaf of an answer, in order; see {@link commitmentLeaf}.
 * @throws RangeError where `chunks` is 0 or beyond {@link MAX_CHUNKS}.
 */
export function commitmentLeaves(data: Uint8Array, chunks: bigint): readonly Uint8Array[] {
  checkChunks(chunks);
  return [...leavesOf(data, chunks)];
}

/**
 * The root over all leaves: blake2b-256(leaf(0) ‖ … ‖ leaf(chunks-1)). A list, not a tree, in spite of the
 * contract's `merkle_root`.
 * @throws RangeError where `chunks` is 0 or beyond {@link MAX_CHUNKS}.
 */
export function commitmentRoot(data: Uint8Array, chunks: bigint): Uint8Array {
  checkChunks(chunks);
  const root = blake2b.create({ dkLen: HASH_BYTES });
  for (const leaf of leavesOf(data, chunks)) root.update(leaf);
  return root.digest();
}

function* leavesOf(data: Uint8Array, chunks: bigint): Generator<Uint8Array, void, void> {
  const prefix = blake2b.create({ dkLen: HASH_BYTES }).update(data);
  const position = new Uint8Array(8);
  const view = new DataView(position.buffer);
  for (let index = 0n; index < chunks; index++) {
    view.setBigUint64(0, index, true);
    yield prefix.clone().update(position).digest();
  }
}

function checkChunks(chunks: bigint): void {
  if (chunks >= 1n && chunks <= MAX_CHUNKS) return;
  throw new RangeError(`chunks_count is ${chunks}, wanted 1 to ${MAX_CHUNKS}`);
}
