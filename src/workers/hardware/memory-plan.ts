import { planOnnx } from './onnx-memory.js';
import { type MemoryPlan, type PlannedModel, planOf } from './planned-model.js';
import { runProbe } from './probe-process.js';
import type { MemoryFinding } from './probe-protocol.js';

/** Reading a file's header and loading the engine; a disk that has to wake up takes the longest. */
const TIMEOUT_MS = 60_000;

/**
 * Plans the memory of a model before it is loaded. Each worker has its context, and on a GPU its weights;
 * on the CPU workers share weights that are mapped from the file, where the engine uses them as they are.
 * @param env in which GPUs show as they do to the process that will load the model
 * @throws AtomaError `probe_failed` where the engine died of the file or hung (`signal` in its fields); else
 * what is wrong with the file.
 */
export async function planMemory(
  model: PlannedModel,
  workers: number,
  env: NodeJS.ProcessEnv,
): Promise<MemoryPlan> {
  const { backend, weights } = model;
  if (backend !== 'llama' && weights.format === 'onnx') return planOnnx(model, weights, backend, workers);
  const found = await askLlama(model, env);
  const each = {
    place: model.gpu === false ? 'ram' : 'gpu',
    weightsBytes: found.weightsBytes,
    kvCacheBytes: found.kvCacheBytes,
    computeBytes: found.contextBytes - found.kvCacheBytes,
    availableBytes: found.freeBytes,
    sequences: model.sequences,
    contextSize: found.contextSize,
    weightsShared: found.weightsShared,
  } as const;
  return planOf(each, workers);
}

function askLlama(model: PlannedModel, env: NodeJS.ProcessEnv): Promise<MemoryFinding> {
  const { weights, gpu, sequences, contextSize, batchSize, useFlashAttention: flashAttention } = model;
  const question = { file: weights.file, gpu, sequences, contextSize, batchSize, flashAttention };
  return runProbe('memory', question, { timeoutMs: TIMEOUT_MS, env });
}
