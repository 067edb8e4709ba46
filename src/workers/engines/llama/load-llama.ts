import type { WorkerSpec } from '../../protocol.js';
import type { Engine } from '../engine.js';
import { LlamaEngine } from '../llama.js';
import { continuesText } from '../weights/gguf-embeddings.js';
import { toLoadFailure, weightsProblem } from '../weights/weights-problem.js';
import { LlamaEmbedder } from './llama-embedder.js';
import { loadWeights } from './loaded-llama.js';

/**
 * A GGUF model on llama.cpp, by what it can do: one that reads text and does not continue it makes embeddings only.
 * @param onProgress fraction of the weights loaded, 0 to 1
 * @throws AtomaError `model_load_failed` naming the file.
 */
export async function loadLlama(spec: WorkerSpec, onProgress: (fraction: number) => void): Promise<Engine> {
  const { file, format } = spec.weights;
  if (format !== 'gguf') throw weightsProblem(file, 'is no GGUF file', 'run it on ONNX Runtime');
  try {
    const loaded = await loadWeights(spec, onProgress);
    const engine = continuesText(loaded.model.fileInfo) ? LlamaEngine : LlamaEmbedder;
    return await engine.open(loaded, spec);
  } catch (error) {
    throw toLoadFailure(file, error);
  }
}
