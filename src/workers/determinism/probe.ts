import { messageOf } from '../../core/index.js';
import { type Arrangement, alone, arrangements, type Move } from './arrangements.js';
import type { DeterminismFinding } from './finding.js';
import type { LogitSource, LogitSourceOpener } from './logit-source.js';
import { type PinnedPrompt, PROBE_TOKENS, PROMPTS, pinnedPrompts } from './pinned-prompts.js';

/** Even a worker with fewer sequences is probed with so many: pools of different sizes are to agree on a verdict. */
const LEAST_SEQUENCES = PROMPTS;
/** Where no batches are shared, there is nothing that more of them would show. */
const SEQUENCES_APART = 2;

/** Logits of each prompt, after it and after each token of its continuation. */
type References = readonly (readonly Float32Array[])[];

interface Deviation {
  readonly arrangement: string;
  readonly prompt: PinnedPrompt;
  /** Tokens of the continuation before it. */
  readonly step: number;
  /** Largest difference of a logit. */
  readonly largest: number;
}

/**
 * Finds out whether a model gives a prompt the same bits whatever else is in its batch. Pinned prompts are evaluated
 * alone, in a context of one sequence; then in every arrangement of several sequences that the engine may come to:
 * all together, in another order and at other places, prompts beside answers, after neighbours that were cancelled.
 * The logits of the whole vocabulary are compared bit by bit at every step, before sampling: equal logits give equal
 * probabilities. The tokens are given, so that a difference does not carry on.
 * Some 1300 tokens are evaluated, fewer where a difference is found or no batches are shared.
 * @param sequences that the worker has
 * @param onRound called while it goes on
 * @returns never throws: a probe that fails has found nothing, and the careful verdict is `exclusive`
 */
export async function probeDeterminism(
  engine: LogitSourceOpener,
  sequences: number,
  onRound: () => void,
): Promise<DeterminismFinding> {
  try {
    const most = engine.sharesBatches ? Math.max(LEAST_SEQUENCES, sequences) : SEQUENCES_APART;
    const references = await measureAlone(engine, Math.min(PROMPTS, most), onRound);
    const source = await engine.openLogits(most, PROBE_TOKENS);
    try {
      return await compare(source, references, onRound);
    } finally {
      await source.dispose();
    }
  } catch (error) {
    const reason = `the determinism probe failed: ${messageOf(error)}`;
    return { verdict: 'exclusive', reason, failed: true };
  }
}

async function measureAlone(
  engine: LogitSourceOpener,
  prompts: number,
  onRound: () => void,
): Promise<References> {
  const source = await engine.openLogits(1, PROBE_TOKENS);
  try {
    const found = Array.from({ length: prompts }, (): Float32Array[] => []);
    await play(source, alone(prompts), {
      onRound,
      onLogits: (prompt, _, logits) => found[prompt]?.push(logits),
    });
    return found;
  } finally {
    await source.dispose();
  }
}

async function compare(
  source: LogitSource,
  references: References,
  onRound: () => void,
): Promise<DeterminismFinding> {
  const prompts = pinnedPrompts(source);
  let compared = 0;
  for (const arrangement of arrangements(source.sequences)) {
    let worst: Deviation | undefined;
    const onLogits = (index: number, step: number, logits: Float32Array): void => {
      const reference = references[index]?.[step];
      const prompt = prompts[index];
      if (reference === undefined || prompt === undefined) throw new Error('a prompt was not measured alone');
      compared++;
      if (sameBits(reference, logits)) return;
      const largest = largestDifference(reference, logits);
      if (worst === undefined || largest > worst.largest) {
        worst = { arrangement: arrangement.name, prompt, step, largest };
      }
    };
    await play(source, arrangement, { onRound, onLogits });
    if (worst !== undefined) return { verdict: 'exclusive', reason: describe(worst), failed: false };
  }
  const reason = `${references.length} pinned prompts gave the same bits alone and among up to ${source.sequences} at once, at ${compared} places`;
  return { verdict: 'batch-invariant', reason, failed: false };
}

/** Makes the moves of an arrangement, round by round. */
async function play(
  source: LogitSource,
  { rounds }: Arrangement,
  events: {
    readonly onRound: () => void;
    readonly onLogits: (prompt: number, step: number, logits: Float32Array) => void;
  },
): Promise<void> {
  const prompts = pinnedPrompts(source);
  /** Evaluations that each sequence has had since it was empty. */
  const done = new Map<number, number>();
  const make = async ({ sequence, prompt }: Move): Promise<void> => {
    if (prompt === undefined) {
      done.delete(sequence);
      return source.clear(sequence);
    }
    const step = done.get(sequence) ?? 0;
    const { tokens = [], continuation = [] } = prompts[prompt] ?? {};
    const next = step === 0 ? tokens : continuation.slice(step - 1, step);
    if (next.length === 0) return;
    done.set(sequence, step + 1);
    events.onLogits(prompt, step, await source.evaluate(sequence, next));
  };
  for (const round of rounds) {
    await Promise.all(round.map(make));
    events.onRound();
  }
  for (const sequence of done.keys()) await source.clear(sequence);
}

function sameBits(one: Float32Array, other: Float32Array): boolean {
  return Buffer.compare(bytesOf(one), bytesOf(other)) === 0;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function largestDifference(one: Float32Array, other: Float32Array): number {
  let largest = 0;
  for (let at = 0; at < one.length; at++) {
    largest = Math.max(largest, Math.abs((one[at] ?? 0) - (other[at] ?? Number.NaN)));
  }
  return largest;
}

function describe({ arrangement, prompt, step, largest }: Deviation): string {
  const where = step === 0 ? 'after it' : `${step} tokens after it`;
  return `a pinned prompt of ${prompt.tokens.length} tokens gave other bits ${arrangement} than alone, ${where}: logits differ by up to ${largest.toPrecision(2)}`;
}
