import type { NumericProfile } from '../../core/index.js';
import type { Evidence } from '../../rpc/index.js';

type WireProfile = NonNullable<Evidence['profile']>;

/** A numeric profile as evidence holds it. */
export function profileToWire(profile: NumericProfile): WireProfile {
  const { contextSize, batchSize, flashAttention, ...same } = profile;
  return { ...same, context_size: contextSize, batch_size: batchSize, flash_attention: flashAttention };
}

/** Back from {@link profileToWire}. */
export function profileFromWire(profile: WireProfile): NumericProfile {
  const { context_size, batch_size, flash_attention, ...same } = profile;
  return { ...same, contextSize: context_size, batchSize: batch_size, flashAttention: flash_attention };
}
