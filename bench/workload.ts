import { fileURLToPath } from 'node:url';

/** What both sides of a comparison run: the same file, threads, sequences and prompts. */
export interface Workload {
  readonly file: string;
  readonly sequences: number;
  readonly threads: number;
  readonly contextSize: number;
  readonly maxTokens: number;
  /** Prompts that each stream runs one after the other. */
  readonly promptsPerStream: number;
}

/** One round's outcome. */
export interface RoundResult {
  readonly tokens: number;
  readonly ms: number;
}

export const DEMO_FILE = fileURLToPath(
  new URL('../../models/atoma-tiny/atoma-tiny.Q8_0.gguf', import.meta.url),
);

/** The prompt of a stream's n-th turn; different for each, so that no cache can help. */
export function promptOf(stream: number, turn: number): string {
  const names = ['Anna', 'Ben', 'Clara', 'David', 'Emma', 'Finn', 'Greta', 'Hugo'];
  return `Once upon a time, ${names[stream % names.length]} and ${names[(stream + turn + 1) % names.length]} lived in house ${stream * 10 + turn}.`;
}

/** Stories of some 80 tokens: the demo model ends them by itself. */
export const TEMPERATURE = 0.8;
export const TOP_K = 40;

export function seedOf(stream: number, turn: number): number {
  return stream * 1000 + turn + 1;
}
