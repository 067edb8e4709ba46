/**
 * Sequences of a model whose logits can be read, as the determinism probe takes them from an engine. Evaluations that
 * are asked for at once share batches, as prompts that run at once do.
 */
export interface LogitSource {
  /** Sequences that can be evaluated at once. */
  readonly sequences: number;
  /** Tokens that a sequence can hold. */
  readonly contextSize: number;
  readonly vocabularySize: number;
  encode(text: string): readonly number[];
  /**
   * Evaluates tokens after those that the sequence holds.
   * @returns the logits after the last of them, one a token of the vocabulary, in its order
   */
  evaluate(sequence: number, tokens: readonly number[]): Promise<Float32Array>;
  /** Empties a sequence. */
  clear(sequence: number): Promise<void>;
  dispose(): Promise<void>;
}

/** What opens such sequences, apart from those that run prompts. */
export interface LogitSourceOpener {
  /** Whether sequences that are evaluated at once share batches; where not, each is computed by itself. */
  readonly sharesBatches: boolean;
  /** @param contextSize tokens that each is to hold at least, where the model's context allows it */
  openLogits(sequences: number, contextSize: number): Promise<LogitSource>;
}
