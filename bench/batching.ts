import { cpus } from 'node:os';
import { countDifferences, type Differences } from './batching-bits.js';
import type { BatchingOrder } from './batching-loop.js';
import { startForked } from './forked-side.js';
import { median } from './median.js';
import { F16, Q8_0 } from './tiny-engine.js';

interface BatchingFlags {
  readonly rounds: string;
  readonly json?: boolean;
}

interface Cost {
  readonly promptTokens: number;
  readonly answerTokens: number;
  /** Answer tokens a second. */
  readonly mixed: number;
  readonly separate: number;
  readonly ratio: number;
}

const BATCHINGS = ['mixed', 'separate'] as const;
const STREAMS = 8;
/** Short questions, longer ones with short and long answers, and a document. */
const SHAPES = [
  [20, 40],
  [100, 5],
  [100, 40],
  [300, 40],
] as const;

/**
 * Batches in which a prompt is always cut at the same places, as the node makes them, against those of the library,
 * which mix prompts: whether company changes logits, and what it costs.
 */
export async function batching(flags: BatchingFlags): Promise<void> {
  const bits: Record<string, Record<string, Differences>> = {};
  for (const [name, weights] of Object.entries({ F16, Q8_0 })) {
    const found: Record<string, Differences> = {};
    for (const kind of BATCHINGS) {
      const differences = await countDifferences(weights, kind);
      found[kind] = differences;
      const { different, places, largest } = differences;
      say(`${name}, ${kind}: other logits at ${different} of ${places} places, by up to ${largest}`);
    }
    bits[name] = found;
  }
  const costs: Cost[] = [];
  for (const [promptTokens, answerTokens] of SHAPES) {
    const cost = await compare(promptTokens, answerTokens, Number(flags.rounds));
    costs.push(cost);
    const { mixed, separate, ratio } = cost;
    say(
      `${promptTokens} + ${answerTokens} tokens: mixed ${mixed} tokens/s, separate ${separate}, ratio ${ratio}`,
    );
  }
  say(
    `${flags.rounds} rounds each, medians; Node ${process.version}, ${cpus()[0]?.model}, ${cpus().length} cores`,
  );
  if (flags.json) process.stdout.write(`${JSON.stringify({ bench: 'batching', bits, costs })}\n`);
}

async function compare(promptTokens: number, answerTokens: number, rounds: number): Promise<Cost> {
  const start = (kind: BatchingOrder['batching']) => {
    const order: BatchingOrder = { batching: kind, streams: STREAMS, promptTokens, answerTokens };
    return startForked(new URL('./batching-loop.js', import.meta.url), order);
  };
  const sides = { mixed: await start('mixed'), separate: await start('separate') };
  const rates = { mixed: [] as number[], separate: [] as number[] };
  try {
    // The first round warms caches and compilers and is not counted.
    for (let round = 0; round <= rounds; round++) {
      for (const kind of round % 2 === 0 ? BATCHINGS : BATCHINGS.toReversed()) {
        const { tokens, ms } = await sides[kind].round();
        if (round > 0) rates[kind].push((tokens / ms) * 1000);
      }
    }
  } finally {
    for (const kind of BATCHINGS) await sides[kind].stop();
  }
  const ratio = median(rates.separate.map((rate, round) => rate / (rates.mixed[round] ?? Number.NaN)));
  return {
    ...{ promptTokens, answerTokens },
    ...{ mixed: Math.round(median(rates.mixed)), separate: Math.round(median(rates.separate)) },
    ratio: Number(ratio.toFixed(3)),
  };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
