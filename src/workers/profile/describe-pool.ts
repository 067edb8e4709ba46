import { join } from 'node:path';
import type { ChatTemplate, ModelInfo } from '../../core/index.js';
import { type DeterminismFinding, runsExclusively } from '../determinism/finding.js';
import { SAMPLER_VERSION } from '../engines/sampling/choice.js';
import type { MemoryPlan } from '../hardware/planned-model.js';
import type { ModelPoolOptions } from '../pool-options.js';
import type { EngineInfo } from '../protocol.js';
import { numericProfile } from './numeric-profile.js';

/** What is known of a pool once its workers have loaded. */
interface Loaded {
  readonly engine: EngineInfo;
  readonly finding: DeterminismFinding;
  /** sha256 of the weights. */
  readonly weights: string;
  readonly memory: MemoryPlan | undefined;
  readonly chatTemplate: ChatTemplate | undefined;
}

/** What the node shows of a pool's model. Contexts for jobs that run exclusively count in its memory. */
export function describePool(options: ModelPoolOptions, loaded: Loaded): ModelInfo {
  const { spec, workers, device, source, backendReason } = options;
  const { engine, finding, memory, chatTemplate } = loaded;
  const { numerics, ...facts } = engine;
  const { threads, contextSize, flashAttention } = engine;
  const { weights, backend } = spec;
  const info: ModelInfo = {
    ...facts,
    name: spec.name,
    file: weights.format === 'gguf' ? weights.file : join(weights.folder, weights.file),
    source,
    device,
    backend,
    backendReason,
    profile: numericProfile({
      ...{ weights: loaded.weights, backend, ...numerics, threads, contextSize, flashAttention },
      ...{ sampler: SAMPLER_VERSION, verdict: finding.verdict },
    }),
    verdictReason: finding.reason,
    workers,
    sequencesPerWorker: spec.sequences,
    chatTemplate,
  };
  if (memory === undefined) return info;
  const { totalBytes, kvCacheBytes, computeBytes, sequences } = memory;
  const exclusiveBytes = runsExclusively(info) ? kvCacheBytes / sequences + computeBytes : 0;
  return { ...info, memoryBytes: totalBytes + exclusiveBytes };
}
