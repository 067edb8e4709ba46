import type { LogitSource } from '../../determinism/logit-source.js';
import type { PromptVocabulary } from '../prompt-input.js';
import { KeyValueCache } from './causal-model.js';

/** Caches of a model's sequences, for those who want logits and no tokens. */
export class OnnxLogits implements LogitSource {
  readonly sequences: number;
  readonly contextSize: number;
  readonly vocabularySize: number;
  readonly encode: PromptVocabulary['encode'];
  readonly #evaluate: (tokens: readonly number[], cache: KeyValueCache) => Promise<Float32Array>;
  readonly #caches: readonly KeyValueCache[];

  /** @param evaluate as a prompt is evaluated, in pieces */
  constructor(
    shape: {
      readonly sequences: number;
      readonly contextSize: number;
      readonly vocabulary: PromptVocabulary;
    },
    evaluate: (tokens: readonly number[], cache: KeyValueCache) => Promise<Float32Array>,
  ) {
    const { sequences, contextSize, vocabulary } = shape;
    this.sequences = sequences;
    this.contextSize = contextSize;
    this.vocabularySize = vocabulary.size;
    this.encode = (text) => vocabulary.encode(text);
    this.#evaluate = evaluate;
    this.#caches = Array.from({ length: sequences }, () => new KeyValueCache());
  }

  evaluate(sequence: number, tokens: readonly number[]): Promise<Float32Array> {
    const cache = this.#caches[sequence];
    if (cache === undefined) throw new Error(`there is no sequence ${sequence}`);
    return this.#evaluate(tokens, cache);
  }

  async clear(sequence: number): Promise<void> {
    this.#caches[sequence]?.clear();
  }

  async dispose(): Promise<void> {
    for (const cache of this.#caches) cache.clear();
  }
}
