import type { WorkerSpec } from '../protocol.js';
import type { Engine } from './engine.js';

/**
 * Loads a model on the backend that its spec names. An engine's library is loaded with it, so that a worker
 * holds one: each has its own native code, and may not load on a system where another does.
 * @param onProgress fraction of the weights loaded, 0 to 1
 * @throws AtomaError `model_load_failed` naming the file.
 */
export async function loadEngine(spec: WorkerSpec, onProgress: (fraction: number) => void): Promise<Engine> {
  if (spec.backend === 'llama') {
    const { loadLlama } = await import('./llama/load-llama.js');
    return loadLlama(spec, onProgress);
  }
  const { TransformersEngine } = await import('./transformers.js');
  return TransformersEngine.load(spec, spec.backend, onProgress);
}
