import { pseudoRandom } from './pseudo-random.js';
import { answer, loadTiny, Q8_0 } from './tiny-engine.js';

/** An engine in a process of its own; a round runs so many prompts at once, each twice. */
export interface BatchingOrder {
  readonly batching: 'mixed' | 'separate';
  readonly streams: number;
  readonly promptTokens: number;
  readonly answerTokens: number;
}

const ROUNDS_OF_PROMPTS = 2;
const { batching, streams, promptTokens, answerTokens }: BatchingOrder = JSON.parse(process.argv[2] ?? '');
const engine = await loadTiny({
  backend: 'llama',
  weights: Q8_0,
  sequences: streams,
  contextSize: 512,
  batching,
});
const token = pseudoRandom(1);

async function stream(seed: number): Promise<number> {
  let tokens = 0;
  for (let n = 0; n < ROUNDS_OF_PROMPTS; n++) {
    tokens += await answer(engine, {
      prompt: '',
      // Any ids of the demo model that stand for text.
      prePromptTokens: Array.from({ length: promptTokens }, () => 260 + token(700)),
      maxTokens: BigInt(answerTokens),
      randomSeed: BigInt(seed),
    });
  }
  return tokens;
}

process.on('message', async () => {
  const startedAt = performance.now();
  const counts = await Promise.all(Array.from({ length: streams }, (_, seed) => stream(seed)));
  const tokens = counts.reduce((sum, count) => sum + count, 0);
  process.send?.({ tokens, ms: performance.now() - startedAt });
});
process.send?.('ready');
