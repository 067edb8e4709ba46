import type { DeterminismVerdict } from '../../core/index.js';

/** What the determinism probe of a worker came to. */
export interface DeterminismFinding {
  readonly verdict: DeterminismVerdict;
  /** What it rests on, as the end of a sentence. */
  readonly reason: string;
  /** The probe itself failed, and the verdict is the careful one. */
  readonly failed: boolean;
}
