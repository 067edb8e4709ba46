import { fileURLToPath } from 'node:url';
import type { Backend, ModelWeights, PromptParams } from '#src/core/index.js';
import type { Engine } from '#src/workers/engines/engine.js';
import { loadEngine } from '#src/workers/engines/load-engine.js';
import type { WorkerSpec } from '#src/workers/protocol.js';
import { TEMPERATURE, TOP_K } from './workload.js';

const FOLDER = fileURLToPath(new URL('../../models/atoma-tiny', import.meta.url));

export const F16: ModelWeights = { format: 'gguf', file: `${FOLDER}/atoma-tiny.F16.gguf`, bytes: 0 };
export const Q8_0: ModelWeights = { format: 'gguf', file: `${FOLDER}/atoma-tiny.Q8_0.gguf`, bytes: 0 };
export const ONNX: ModelWeights = { format: 'onnx', folder: FOLDER, file: 'onnx/model.onnx', bytes: 0 };

/** The demo model on one thread of a CPU, without a worker around it. */
export function loadTiny(
  choice: { readonly backend: Backend; readonly weights: ModelWeights } & Pick<
    WorkerSpec,
    'sequences' | 'contextSize' | 'batching'
  >,
): Promise<Engine> {
  return loadEngine(
    {
      name: 'bench',
      gpu: false,
      useFlashAttention: false,
      batchSize: undefined,
      threads: 1,
      cancelFlags: new SharedArrayBuffer(4),
      pulse: new SharedArrayBuffer(16),
      heartbeatIntervalMs: 1000,
      ...choice,
    },
    () => undefined,
  );
}

/** Runs a prompt whose answer seldom ends before `maxTokens`. @returns how many tokens it has */
export async function answer(
  engine: Engine,
  params: Pick<PromptParams, 'prompt' | 'prePromptTokens' | 'maxTokens' | 'randomSeed'>,
): Promise<number> {
  const { tokens } = await engine.generate(
    {
      model: 'bench',
      prependOutputWithInput: false,
      repeatLastN: 0n,
      repeatPenalty: 1,
      shouldStreamOutput: false,
      temperature: TEMPERATURE,
      topK: BigInt(TOP_K),
      topP: 1,
      ...params,
    },
    { isCancelled: () => false, onToken: () => undefined },
  );
  return tokens.length;
}
