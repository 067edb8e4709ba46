import type { ModelSource } from '../core/index.js';
import type { WorkerSpec } from './protocol.js';

/** What a pool is started with. */
export interface ModelPoolOptions {
  readonly spec: Omit<WorkerSpec, 'cancelFlags' | 'pulse'>;
  readonly workers: number;
  /** Whether fewer will do, where memory for so many is short. */
  readonly mayBeFewer: boolean;
  /** Device label for {@link ModelInfo}. */
  readonly device: string;
  readonly source: ModelSource | undefined;
  readonly backendReason: string;
}
