import { GgufInsights, readGgufFileInfo } from 'node-llama-cpp';
import { checkGguf } from '../engines/weights/gguf-check.js';
import { contextSizeFor, llamaBatchSize } from '../pool-defaults.js';
import { kvCacheBytes } from './kv-cache.js';
import { loadQuietly } from './probe-llama.js';
import type { MemoryFinding, MemoryQuestion } from './probe-protocol.js';
import { growthOf } from './repacking.js';
import { readSystemMemory } from './system-memory.js';

/**
 * Even without allocating the cache, llama.cpp keeps notes of each token in it, some 80 bytes, and counts tokens
 * in 32 bits. Beyond this many the cache is all that matters, and is reckoned from the model's shape.
 */
const MAX_SIMULATED_TOKENS = 4_194_304;

/**
 * Plans the memory of a GGUF model: llama.cpp goes through a load without allocating, and says what its
 * buffers would hold.
 * @throws AtomaError `model_load_failed` for a file that llama.cpp would fail on.
 */
export async function probeMemory(question: MemoryQuestion): Promise<MemoryFinding> {
  const { file, gpu, sequences } = question;
  const llama = await loadQuietly(gpu);
  await checkGguf(file, llama);
  const info = await readGgufFileInfo(file, { sourceType: 'filesystem', logWarnings: false });
  const insights = await GgufInsights.from(info, llama);
  const gpuLayers = gpu === false ? 0 : insights.totalLayers;
  const contextSize = contextSizeFor(question.contextSize, insights.trainContextSize);
  const weights = await insights.estimateModelResourceRequirementsV2({ gpuLayers });
  const cacheBytes = kvCacheBytes(info.architectureMetadata, contextSize * sequences);
  const freeBytes = gpu === false ? (await readSystemMemory()).freeBytes : (await llama.getVramState()).free;
  const isVast = contextSize * sequences > MAX_SIMULATED_TOKENS;
  const context = isVast
    ? { cpuRam: cacheBytes, gpuVram: cacheBytes }
    : await insights.estimateContextResourceRequirementsV2({
        // Of one sequence: the library multiplies.
        contextSize,
        sequences,
        batchSize: llamaBatchSize(question.batchSize, contextSize, sequences),
        modelGpuLayers: gpuLayers,
        flashAttention: question.flashAttention,
      });
  const there = gpu === false ? 'cpuRam' : 'gpuVram';
  const growth = gpu === false ? growthOf(insights.dominantTensorType, llama) : undefined;
  return {
    weightsBytes: Math.ceil(weights[there] * (growth ?? 1)),
    weightsShared: gpu === false && growth === undefined,
    contextBytes: context[there],
    kvCacheBytes: Math.min(context[there], cacheBytes),
    contextSize,
    freeBytes,
  };
}
