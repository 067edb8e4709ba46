import { getLlama, type LlamaContextSequence, LlamaLogLevel } from 'node-llama-cpp';
import { engineSeed } from '#src/workers/engines/sampling/choice.js';
import {
  type BenchPrompt,
  promptsOf,
  type RoundResult,
  TEMPERATURE,
  TOP_K,
  type Workload,
} from './workload.js';

/**
 * The baseline, in a process of its own: node-llama-cpp's `evaluate` in one thread, tokens collected and
 * detokenized once at the end, nothing else.
 */
const workload: Workload = JSON.parse(process.argv[2] ?? '{}');
const llama = await getLlama({ gpu: false, build: 'never', maxThreads: 0, logLevel: LlamaLogLevel.error });
const model = await llama.loadModel({ modelPath: workload.file, gpuLayers: 0 });
const context = await model.createContext({
  sequences: workload.streams,
  contextSize: workload.contextSize,
  threads: workload.threads,
  flashAttention: false,
});
const sequences = Array.from({ length: workload.streams }, () => context.getSequence());

async function runPrompt(sequence: LlamaContextSequence, { prompt, seed }: BenchPrompt): Promise<number> {
  await sequence.clearHistory();
  const tokens = [];
  const options = { temperature: TEMPERATURE, topK: TOP_K, topP: 1, minP: 0, seed: engineSeed(BigInt(seed)) };
  for await (const token of sequence.evaluate(model.tokenize(prompt, true), options)) {
    tokens.push(token);
    if (tokens.length >= workload.maxTokens) break;
  }
  model.detokenize(tokens);
  return tokens.length;
}

async function round(): Promise<RoundResult> {
  const waiting = [...promptsOf(workload)];
  const startedAt = performance.now();
  let tokens = 0;
  const streams = sequences.map(async (sequence) => {
    for (let prompt = waiting.shift(); prompt !== undefined; prompt = waiting.shift()) {
      const made = await runPrompt(sequence, prompt);
      tokens += made;
    }
  });
  await Promise.all(streams);
  return { tokens, ms: performance.now() - startedAt };
}

process.on('message', async () => {
  process.send?.(await round());
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
