import { GgmlType, GgufInsights, type Llama, readGgufFileInfo } from 'node-llama-cpp';
import { batchSizeFor, contextSizeFor } from '../context-defaults.js';
import type { GpuBackend } from '../protocol.js';
import { kvCacheBytes } from './kv-cache.js';
import { loadQuietly } from './probe-llama.js';
import type { MemoryFinding, MemoryQuestion } from './probe-protocol.js';

/**
 * Plans the memory of a GGUF model: llama.cpp goes through a load without allocating, and says what its
 * buffers would hold.
 */
export async function probeMemory(question: MemoryQuestion): Promise<MemoryFinding> {
  const { file, gpu, sequences } = question;
  const info = await readGgufFileInfo(file, { sourceType: 'filesystem', logWarnings: false });
  const llama = await loadQuietly(gpu);
  const insights = await GgufInsights.from(info, llama);
  const gpuLayers = gpu === false ? 0 : insights.totalLayers;
  const contextSize = contextSizeFor(
    question.contextSize,
    insights.trainContextSize ?? Number.MAX_SAFE_INTEGER,
  );
  const weights = await insights.estimateModelResourceRequirementsV2({ gpuLayers });
  const context = await insights.estimateContextResourceRequirementsV2({
    // Of one sequence: the library multiplies.
    contextSize,
    sequences,
    batchSize: batchSizeFor(question.batchSize, contextSize, sequences),
    modelGpuLayers: gpuLayers,
    flashAttention: question.flashAttention,
  });
  const there = gpu === false ? 'cpuRam' : 'gpuVram';
  return {
    weightsBytes: weights[there],
    weightsShared: gpu === false && !isRepacked(insights.dominantTensorType, llama),
    contextBytes: context[there],
    kvCacheBytes: Math.min(context[there], kvCacheBytes(info.architectureMetadata, contextSize * sequences)),
    contextSize,
    freeBytes: await freeOn(gpu, llama),
  };
}

async function freeOn(gpu: GpuBackend | false, llama: Llama): Promise<number | undefined> {
  return gpu === false ? undefined : (await llama.getVramState()).free;
}

/** Types of weights that ggml's CPU backend lays out anew for the instructions of some processors. */
const REPACKED_FOR_AMX: readonly GgmlType[] = [
  GgmlType.F16,
  GgmlType.Q4_0,
  GgmlType.Q4_1,
  GgmlType.Q8_0,
  GgmlType.Q4_K,
  GgmlType.Q5_K,
  GgmlType.Q6_K,
  GgmlType.IQ4_XS,
];
const REPACKED_ON_X86: readonly GgmlType[] = [
  GgmlType.Q4_0,
  GgmlType.Q2_K,
  GgmlType.Q4_K,
  GgmlType.IQ4_NL,
  GgmlType.MXFP4,
];
const REPACKED_ON_ARM: readonly GgmlType[] = [
  ...REPACKED_ON_X86,
  GgmlType.Q8_0,
  GgmlType.Q5_K,
  GgmlType.Q6_K,
];

/**
 * Whether each worker gets a copy of the weights although the file is mapped: their new layout is memory of its
 * own (`AMX model buffer`, `CPU_REPACK model buffer` in llama.cpp's log).
 * (qtype_has_amx_kernels in ggml/src/ggml-cpu/amx, ggml_repack_get_optimal_repack_type in repack.cpp;
 * https://github.com/ggml-org/llama.cpp/issues/16761)
 */
function isRepacked(type: GgmlType | undefined, { systemInfo }: Llama): boolean {
  if (type === undefined) return false;
  if (/AMX_INT8 = 1/.test(systemInfo) && REPACKED_FOR_AMX.includes(type)) return true;
  if (!/REPACK = 1/.test(systemInfo)) return false;
  if (/NEON = 1/.test(systemInfo)) return REPACKED_ON_ARM.includes(type);
  return /AVX2 = 1/.test(systemInfo) && REPACKED_ON_X86.includes(type);
}
