import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
import { engineSeed } from '#src/workers/engines/sampling.js';
import { promptOf, type RoundResult, seedOf, TEMPERATURE, TOP_K, type Workload } from './workload.js';

/**
 * The baseline, in a process of its own: node-llama-cpp's `evaluate` in one thread, tokens collected and
 * detokenized once at the end, nothing else.
 */
const workload: Workload = JSON.parse(process.argv[2] ?? '{}');
const llama = await getLlama({ gpu: false, build: 'never', maxThreads: 0, logLevel: LlamaLogLevel.error });
const model = await llama.loadModel({ modelPath: workload.file, gpuLayers: 0 });
const context = await model.createContext({
  sequences: workload.sequences,
  contextSize: workload.contextSize,
  threads: workload.threads,
  flashAttention: false,
});
const sequences = Array.from({ length: workload.sequences }, () => context.getSequence());

async function runStream(stream: number): Promise<number> {
  const sequence = sequences[stream];
  if (sequence === undefined) throw new Error(`there is no sequence ${stream}`);
  let count = 0;
  for (let turn = 0; turn < workload.promptsPerStream; turn++) {
    await sequence.clearHistory();
    const tokens = [];
    const options = {
      temperature: TEMPERATURE,
      topK: TOP_K,
      topP: 1,
      minP: 0,
      seed: engineSeed(BigInt(seedOf(stream, turn))),
    };
    for await (const token of sequence.evaluate(model.tokenize(promptOf(stream, turn), true), options)) {
      tokens.push(token);
      if (tokens.length >= workload.maxTokens) break;
    }
    model.detokenize(tokens);
    count += tokens.length;
  }
  return count;
}

process.on('message', async (streams: number) => {
  const startedAt = performance.now();
  const counts = await Promise.all(Array.from({ length: streams }, (_, stream) => runStream(stream)));
  const result: RoundResult = {
    tokens: counts.reduce((sum, count) => sum + count, 0),
    ms: performance.now() - startedAt,
  };
  process.send?.(result);
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
