import type { WorkerSpec } from '../protocol.js';

/** What a model is to be loaded as. */
export type PlannedModel = Pick<
  WorkerSpec,
  'weights' | 'backend' | 'gpu' | 'sequences' | 'contextSize' | 'batchSize' | 'useFlashAttention'
>;

/** The memory that a model needs with all of its workers, and what there is for it. */
export interface MemoryPlan {
  /** Whose memory it is: of the GPU that the process sees, or RAM. */
  readonly place: 'gpu' | 'ram';
  readonly weightsBytes: number;
  readonly kvCacheBytes: number;
  /** Buffers for what is computed on the way. */
  readonly computeBytes: number;
  readonly totalBytes: number;
  /** Free now: what other models hold is not. Swap does not count. */
  readonly availableBytes: number;
  readonly workers: number;
  readonly sequences: number;
  /** Tokens a sequence can hold. */
  readonly contextSize: number;
}

/** The parts of a plan, of all workers, with their sum. */
export function sumOf(parts: {
  readonly weightsBytes: number;
  readonly kvCacheBytes: number;
  readonly computeBytes: number;
}): Pick<MemoryPlan, 'weightsBytes' | 'kvCacheBytes' | 'computeBytes' | 'totalBytes'> {
  return { ...parts, totalBytes: parts.weightsBytes + parts.kvCacheBytes + parts.computeBytes };
}
