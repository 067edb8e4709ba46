import type { WorkerSpec } from '../protocol.js';

/** What a model is to be loaded as. */
export type PlannedModel = Pick<
  WorkerSpec,
  'weights' | 'backend' | 'gpu' | 'sequences' | 'contextSize' | 'batchSize' | 'useFlashAttention'
>;

/** What a model needs for `workers` workers, in bytes. */
interface Need {
  readonly weightsBytes: number;
  /** Of all sequences. */
  readonly kvCacheBytes: number;
  /** Buffers for what is computed on the way. */
  readonly computeBytes: number;
}

/** The memory that a model needs with all of its workers, and what there is for it. */
export interface MemoryPlan extends Need {
  /** Whose memory it is: of the GPU that the process sees, or RAM. */
  readonly place: 'gpu' | 'ram';
  readonly totalBytes: number;
  /** Free now: what other models hold is not. Swap does not count. */
  readonly availableBytes: number;
  readonly workers: number;
  readonly sequences: number;
  /** Tokens a sequence can hold. */
  readonly contextSize: number;
  /** Whether the workers share one copy of the weights. */
  readonly weightsShared: boolean;
}

/** A plan of `workers` workers that need so much each. */
export function planOf(
  each: Need & Pick<MemoryPlan, 'place' | 'availableBytes' | 'sequences' | 'contextSize' | 'weightsShared'>,
  workers: number,
): MemoryPlan {
  const weightsBytes = each.weightsBytes * (each.weightsShared ? 1 : workers);
  const kvCacheBytes = each.kvCacheBytes * workers;
  const computeBytes = each.computeBytes * workers;
  const totalBytes = weightsBytes + kvCacheBytes + computeBytes;
  return { ...each, weightsBytes, kvCacheBytes, computeBytes, totalBytes, workers };
}

/** The same plan for as many of its workers as fit, one at least. */
export function fitWorkers(plan: MemoryPlan): MemoryPlan {
  const { weightsShared, workers } = plan;
  const each = {
    ...plan,
    weightsBytes: weightsShared ? plan.weightsBytes : plan.weightsBytes / workers,
    kvCacheBytes: plan.kvCacheBytes / workers,
    computeBytes: plan.computeBytes / workers,
  };
  let fewer = workers;
  while (fewer > 1 && planOf(each, fewer).totalBytes > plan.availableBytes) fewer--;
  return planOf(each, fewer);
}
