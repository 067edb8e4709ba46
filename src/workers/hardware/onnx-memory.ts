import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelWeights } from '../../core/index.js';
import { batchSizeFor, contextSizeFor } from '../context-defaults.js';
import { readJson } from '../engines/onnx-folder.js';
import { type OnnxShape, readOnnxShape } from './onnx-shape.js';
import { type MemoryPlan, type PlannedModel, sumOf } from './planned-model.js';
import { readSystemMemory } from './system-memory.js';

const F32_BYTES = 4;
/** Between the 2 bytes of a 16-bit weight and the 4 of a 32-bit one. */
const F16_BYTES_AT_MOST = 3;
/** 16-bit weights are computed with in 32 bits on the CPU: what was read, and twice that. */
const GROWTH_OF_F16 = 3;
/** Into WebAssembly's memory a file goes by way of a buffer. */
const COPIES_OF_WASM = 2;

/**
 * Plans the memory of an ONNX model from its folder: an estimate, since ONNX Runtime does not tell. Every worker
 * has weights of its own.
 */
export async function planOnnx(model: PlannedModel, workers: number): Promise<MemoryPlan> {
  const { weights, sequences, backend } = model;
  if (weights.format !== 'onnx') throw new Error(`${weights.file} is no ONNX graph`);
  const shape = readOnnxShape((await readJson(weights.folder, 'config.json')) ?? {});
  const contextSize = contextSizeFor(model.contextSize, shape.trainedContextSize ?? 0);
  const fileBytes = await sizeOf(weights);
  const growth = holdsF16(weights.file, fileBytes, shape) ? GROWTH_OF_F16 : 1;
  const copies = backend === 'wasm' ? Math.max(growth, COPIES_OF_WASM) : growth;
  const batch = batchSizeFor(model.batchSize, contextSize, sequences);
  return {
    place: 'ram',
    ...sumOf({
      weightsBytes: fileBytes * copies * workers,
      kvCacheBytes: shape.kvElementsPerToken * F32_BYTES * contextSize * sequences * workers,
      // Every token of a prompt gets its logits.
      computeBytes: shape.vocabularySize * F32_BYTES * batch * workers,
    }),
    availableBytes: (await readSystemMemory()).freeBytes,
    workers,
    sequences,
    contextSize,
  };
}

async function sizeOf(weights: Extract<ModelWeights, { format: 'onnx' }>): Promise<number> {
  return weights.bytes || (await stat(join(weights.folder, weights.file))).size;
}

/** By the name that transformers.js looks for or, of a graph that is not said to be quantised, by its size. */
function holdsF16(file: string, fileBytes: number, { parameters }: OnnxShape): boolean {
  if (/fp16|f16/.test(file)) return true;
  return !/_(q\d|quantized|u?int8|bnb4)/.test(file) && fileBytes < parameters * F16_BYTES_AT_MOST;
}
