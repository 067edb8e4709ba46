import { randomFillSync } from 'node:crypto';

const SEED_BYTES = 8;
/** Seeds drawn at once: each call of the system's generator costs as much as a refusal. */
const POOL = Buffer.alloc(512 * SEED_BYTES);
let next = POOL.length;

/** A seed by chance, 64 bits. */
export function randomSeed(): bigint {
  if (next === POOL.length) {
    randomFillSync(POOL);
    next = 0;
  }
  next += SEED_BYTES;
  return POOL.readBigUInt64LE(next - SEED_BYTES);
}
