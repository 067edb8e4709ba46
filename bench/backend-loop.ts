import type { Backend } from '#src/core/index.js';
import { answer, F16, loadTiny, ONNX } from './tiny-engine.js';
import { promptsOf, type Workload } from './workload.js';

/** One engine in a process of its own; a round runs the prompts of the workload one after the other. */
interface Order {
  readonly backend: Backend;
  readonly workload: Workload;
}

const { backend, workload }: Order = JSON.parse(process.argv[2] ?? '');
const engine = await loadTiny({
  backend,
  weights: backend === 'llama' ? F16 : ONNX,
  sequences: workload.streams,
  contextSize: workload.contextSize,
});

process.on('message', async () => {
  const startedAt = performance.now();
  let tokens = 0;
  for (const { prompt, seed } of promptsOf(workload)) {
    tokens += await answer(engine, {
      prompt,
      prePromptTokens: [],
      maxTokens: BigInt(workload.maxTokens),
      randomSeed: BigInt(seed),
    });
  }
  process.send?.({ tokens, ms: performance.now() - startedAt });
});
process.send?.('ready');
