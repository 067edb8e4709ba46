import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { NumericProfile } from '../../core/index.js';

/** The profile of these facts, with its id. */
export function numericProfile(facts: Omit<NumericProfile, 'id'>): NumericProfile {
  const sorted = Object.fromEntries(Object.entries(facts).sort(([one], [other]) => (one < other ? -1 : 1)));
  return { id: bytesToHex(blake2b(utf8ToBytes(JSON.stringify(sorted)), { dkLen: 32 })), ...facts };
}
