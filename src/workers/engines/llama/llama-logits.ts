import type { ControlledEvaluateInputItem, LlamaContext, LlamaContextSequence, Token } from 'node-llama-cpp';
import type { LogitSource } from '../../determinism/logit-source.js';
import type { PromptVocabulary } from '../prompt-input.js';

/** The sequences of a context, for those who want logits and no tokens. */
export class LlamaLogits implements LogitSource {
  readonly sequences: number;
  readonly contextSize: number;
  readonly vocabularySize: number;
  readonly encode: PromptVocabulary['encode'];
  readonly #context: LlamaContext;
  readonly #sequences: readonly LlamaContextSequence[];

  constructor(context: LlamaContext, contextSize: number, vocabulary: PromptVocabulary) {
    this.#context = context;
    this.#sequences = Array.from({ length: context.totalSequences }, () => context.getSequence());
    this.sequences = context.totalSequences;
    this.contextSize = contextSize;
    this.vocabularySize = vocabulary.size;
    this.encode = vocabulary.encode;
  }

  async evaluate(sequence: number, tokens: readonly number[]): Promise<Float32Array> {
    const last = tokens.length - 1;
    // A greedy choice leaves the logits as they are.
    const generateNext = { logits: true, options: { temperature: 0 } } as const;
    const input = tokens.map(
      (token, at): ControlledEvaluateInputItem =>
        at === last ? [token as Token, { generateNext }] : (token as Token),
    );
    const found = (await this.#at(sequence).controlledEvaluate(input))[last]?.next.logits;
    if (found === undefined) throw new Error('llama.cpp gave no logits');
    const logits = new Float32Array(this.vocabularySize);
    for (const [token, logit] of found) logits[token] = logit;
    return logits;
  }

  async clear(sequence: number): Promise<void> {
    await this.#at(sequence).clearHistory();
  }

  async dispose(): Promise<void> {
    await this.#context.dispose();
  }

  #at(sequence: number): LlamaContextSequence {
    const found = this.#sequences[sequence];
    if (found === undefined) throw new Error(`the context has no sequence ${sequence}`);
    return found;
  }
}
