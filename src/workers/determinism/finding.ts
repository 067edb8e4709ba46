import type { DeterminismVerdict, ModelInfo } from '../../core/index.js';

/** What the determinism probe of a worker came to. */
export interface DeterminismFinding {
  readonly verdict: DeterminismVerdict;
  /** What it rests on, as the end of a sentence. */
  readonly reason: string;
  /** The probe itself failed, and the verdict is the careful one. */
  readonly failed: boolean;
}

/** Of a model that is not probed. */
export const EMBEDDINGS_ONLY: DeterminismFinding = {
  verdict: 'batch-invariant',
  reason: 'it makes embeddings only, and evaluates each text by itself',
  failed: false,
};

/**
 * Whether jobs that are to be reproducible run apart from the others, one a worker. A worker of one sequence needs no
 * other place for them: there every job has its context for itself.
 */
export function runsExclusively({
  profile,
  sequencesPerWorker,
}: Pick<ModelInfo, 'profile' | 'sequencesPerWorker'>): boolean {
  return profile.verdict === 'exclusive' && sequencesPerWorker > 1;
}
