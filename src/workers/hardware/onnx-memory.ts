import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkOnnx, externalFiles, type OnnxWeights } from '../engines/weights/onnx-check.js';
import type { OnnxGraph } from '../engines/weights/onnx-graph.js';
import { readOnnxShape } from '../engines/weights/onnx-shape.js';
import { contextSizeFor, onnxBatchSize } from '../pool-defaults.js';
import { type MemoryPlan, type PlannedModel, planOf } from './planned-model.js';
import { readSystemMemory } from './system-memory.js';

const F32_BYTES = 4;
/** What 16-bit weights take in a file lies between these, a number: 8-bit ones take 1, 32-bit ones 4. */
const F16_BYTES_AT_LEAST = 1.5;
const F16_BYTES_AT_MOST = 3;
/** 16-bit weights are computed with in 32 bits on the CPU: what was read, and twice that. */
const GROWTH_OF_F16 = 3;
/** Into WebAssembly's memory a file goes by way of a buffer. */
const COPIES_OF_WASM = 2;

/**
 * Plans the memory of an ONNX model from its files: an estimate, since ONNX Runtime does not tell. Every worker
 * has weights of its own.
 * @throws AtomaError `model_load_failed` for files that ONNX Runtime would fail on.
 */
export async function planOnnx(
  model: PlannedModel,
  weights: OnnxWeights,
  backend: 'onnx' | 'wasm',
  workers: number,
): Promise<MemoryPlan> {
  const { config, graph } = await checkOnnx(weights);
  const shape = readOnnxShape(config);
  const { sequences } = model;
  const contextSize = contextSizeFor(model.contextSize, shape.trainedContextSize);
  const fileBytes = await sizeOf(weights, graph);
  const growth = holdsF16(fileBytes, graph) ? GROWTH_OF_F16 : 1;
  const each = {
    place: 'ram',
    weightsBytes: fileBytes * (backend === 'wasm' ? Math.max(growth, COPIES_OF_WASM) : growth),
    kvCacheBytes: shape.kvElementsPerToken * F32_BYTES * contextSize * sequences,
    // Every token of a batch gets its logits.
    computeBytes: shape.vocabularySize * F32_BYTES * onnxBatchSize(model.batchSize, backend),
    availableBytes: (await readSystemMemory()).freeBytes,
    sequences,
    contextSize,
    weightsShared: false,
  } as const;
  return planOf(each, workers);
}

async function sizeOf(weights: OnnxWeights, graph: OnnxGraph): Promise<number> {
  const file = join(weights.folder, weights.file);
  const files = [file, ...externalFiles(file, graph).map((at) => join(dirname(file), at))];
  const sizes = await Promise.all(files.map(async (path) => (await stat(path)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function holdsF16(fileBytes: number, { parameters }: OnnxGraph): boolean {
  return fileBytes >= parameters * F16_BYTES_AT_LEAST && fileBytes < parameters * F16_BYTES_AT_MOST;
}
