import type { ModelWeights } from '#src/core/index.js';
import type { LogitSource } from '#src/workers/determinism/logit-source.js';
import type { BatchingOrder } from './batching-loop.js';
import { pseudoRandom } from './pseudo-random.js';
import { loadTiny } from './tiny-engine.js';

/** How often a prompt in company gave other logits than alone. */
export interface Differences {
  readonly places: number;
  readonly different: number;
  /** Largest difference of a logit. */
  readonly largest: number;
}

interface Visit {
  readonly prompt: readonly number[];
  readonly next: readonly number[];
}

const SEQUENCES = 8;
const CONTEXT_TOKENS = 256;
const VISITS_PER_SEQUENCE = 12;
const MAX_PROMPT_TOKENS = 100;
const MAX_NEXT_TOKENS = 12;

/** Holds the logits of random prompts in random company, bit by bit, against those of the same prompts alone. */
export async function countDifferences(
  weights: ModelWeights,
  batching: BatchingOrder['batching'],
): Promise<Differences> {
  const engine = await loadTiny({
    ...{ backend: 'llama', weights, batching },
    ...{ sequences: SEQUENCES, contextSize: CONTEXT_TOKENS },
  });
  const many = await engine.openLogits(SEQUENCES, CONTEXT_TOKENS);
  const one = await engine.openLogits(1, CONTEXT_TOKENS);
  try {
    const plans = randomPlans();
    const company = await Promise.all(plans.map((plan, sequence) => visitAll(many, sequence, plan)));
    const alone: Float32Array[][] = [];
    for (const plan of plans) alone.push(await visitAll(one, 0, plan));
    return compare(company.flat(), alone.flat());
  } finally {
    await many.dispose();
    await one.dispose();
    await engine.dispose();
  }
}

function randomPlans(): readonly (readonly Visit[])[] {
  const random = pseudoRandom(7);
  // Any ids of the demo model that stand for text.
  const tokens = (length: number): number[] => Array.from({ length }, () => 260 + random(700));
  const visit = (): Visit => ({
    prompt: tokens(1 + random(MAX_PROMPT_TOKENS)),
    next: tokens(random(MAX_NEXT_TOKENS)),
  });
  return Array.from({ length: SEQUENCES }, () => Array.from({ length: VISITS_PER_SEQUENCE }, visit));
}

async function visitAll(
  source: LogitSource,
  sequence: number,
  plan: readonly Visit[],
): Promise<Float32Array[]> {
  const found: Float32Array[] = [];
  for (const { prompt, next } of plan) {
    for (const tokens of [prompt, ...next.map((token) => [token])]) {
      found.push(await source.evaluate(sequence, tokens));
    }
    await source.clear(sequence);
  }
  return found;
}

function compare(company: readonly Float32Array[], alone: readonly Float32Array[]): Differences {
  let different = 0;
  let largest = 0;
  for (const [place, logits] of company.entries()) {
    const other = alone[place] ?? new Float32Array();
    const before = largest;
    let differs = false;
    for (const [token, logit] of logits.entries()) {
      if (Object.is(logit, other[token])) continue;
      differs = true;
      largest = Math.max(largest, before, Math.abs(logit - (other[token] ?? Number.NaN)));
    }
    if (differs) different++;
  }
  return { places: company.length, different, largest };
}
