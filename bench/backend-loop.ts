import { fileURLToPath } from 'node:url';
import type { Backend, ModelWeights } from '#src/core/index.js';
import { loadEngine } from '#src/workers/engines/load-engine.js';
import { promptsOf, TEMPERATURE, TOP_K, type Workload } from './workload.js';

/** One engine in a process of its own; a round runs the prompts of the workload one after the other. */
interface Order {
  readonly backend: Backend;
  readonly workload: Workload;
}

const { backend, workload }: Order = JSON.parse(process.argv[2] ?? '');
const folder = fileURLToPath(new URL('../../models/atoma-tiny', import.meta.url));
const weights: ModelWeights =
  backend === 'llama'
    ? { format: 'gguf', file: `${folder}/atoma-tiny.F16.gguf`, bytes: 0 }
    : { format: 'onnx', folder, file: 'onnx/model.onnx', bytes: 0 };

const engine = await loadEngine(
  {
    name: 'bench',
    weights,
    backend,
    gpu: false,
    useFlashAttention: false,
    sequences: workload.streams,
    contextSize: workload.contextSize,
    batchSize: undefined,
    threads: workload.threads,
    cancelFlags: new SharedArrayBuffer(4),
    pulse: new SharedArrayBuffer(16),
    heartbeatIntervalMs: 1000,
  },
  () => undefined,
);

process.on('message', async () => {
  const startedAt = performance.now();
  let tokens = 0;
  for (const { prompt, seed } of promptsOf(workload)) {
    const completion = await engine.generate(
      {
        model: 'bench',
        prompt,
        prePromptTokens: [],
        prependOutputWithInput: false,
        maxTokens: BigInt(workload.maxTokens),
        randomSeed: BigInt(seed),
        repeatLastN: 0n,
        repeatPenalty: 1,
        shouldStreamOutput: false,
        temperature: TEMPERATURE,
        topK: BigInt(TOP_K),
        topP: 1,
      },
      { isCancelled: () => false, onToken: () => undefined },
    );
    tokens += completion.tokens.length;
  }
  process.send?.({ tokens, ms: performance.now() - startedAt });
});
process.send?.('ready');
