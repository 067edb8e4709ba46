import type { NumericProfile } from './profile.js';

/** A field in which two numeric profiles differ. */
export interface ProfileDifference {
  /** As clients know it: `context_size`. */
  readonly field: string;
  readonly was: string;
  readonly is: string;
}

/** Name of each field on the wire, in the order in which they are told: what weighs most comes first. */
const FIELDS: readonly (readonly [Exclude<keyof NumericProfile, 'id'>, string])[] = [
  ['weights', 'weights'],
  ['backend', 'backend'],
  ['engine', 'engine'],
  ['build', 'build'],
  ['device', 'device'],
  ['verdict', 'verdict'],
  ['threads', 'threads'],
  ['batchSize', 'batch_size'],
  ['contextSize', 'context_size'],
  ['flashAttention', 'flash_attention'],
  ['sampler', 'sampler'],
];

/** Every field in which two profiles differ; none where their answers have to agree to the bit. */
export function profileDifferences(was: NumericProfile, is: NumericProfile): readonly ProfileDifference[] {
  return FIELDS.filter(([key]) => was[key] !== is[key]).map(([key, field]) => ({
    field,
    was: String(was[key]),
    is: String(is[key]),
  }));
}
