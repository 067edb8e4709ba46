import { fileURLToPath } from 'node:url';

/** What both sides of a comparison run: the same file, threads, sequences and prompts. */
export interface Workload {
  readonly file: string;
  /** Sequences that decode at once. */
  readonly streams: number;
  readonly threads: number;
  readonly contextSize: number;
  readonly maxTokens: number;
  readonly promptsPerStream: number;
}

/** One round's outcome. */
export interface RoundResult {
  readonly tokens: number;
  readonly ms: number;
}

export interface BenchPrompt {
  readonly prompt: string;
  readonly seed: number;
}

/** One side of a comparison, started and warm or not. */
export interface Side {
  round(): Promise<RoundResult>;
  stop(): Promise<void>;
}

export const DEMO_FILE = fileURLToPath(
  new URL('../../models/atoma-tiny/atoma-tiny.Q8_0.gguf', import.meta.url),
);

/** Nearly even choices among 40 tokens: the demo model, whose stories are short, seldom ends by itself then. */
export const TEMPERATURE = 50;
export const TOP_K = 40;

/** The prompts of a round, in order; each is different, so that no cache can help. */
export function promptsOf({ streams, promptsPerStream }: Workload): readonly BenchPrompt[] {
  const names = ['Anna', 'Ben', 'Clara', 'David', 'Emma', 'Finn', 'Greta', 'Hugo'];
  return Array.from({ length: streams * promptsPerStream }, (_, index) => ({
    prompt: `Once upon a time, ${names[index % names.length]} lived in house ${index}.`,
    seed: index + 1,
  }));
}
