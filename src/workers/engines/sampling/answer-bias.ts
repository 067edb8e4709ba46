import { AtomaError, type RequestExtras } from '../../../core/index.js';

/**
 * What is added to the logits of tokens because they stand in the answer already, by OpenAI's formula:
 * `logit -= count × frequency_penalty + (count > 0) × presence_penalty`. The prompt does not count, and neither does
 * `repeat_last_n`. It is added before the contract's repeat penalty, which then scales what came out of it.
 */
export class AnswerBias {
  /** By token, in the order in which they came first. */
  readonly biases = new Map<number, number>();
  readonly #counts = new Map<number, number>();
  readonly #frequency: number;
  readonly #presence: number;
  #counted: number;

  /** @param promptTokens so many tokens of a history come before the answer */
  constructor(frequency: number, presence: number, promptTokens: number) {
    this.#frequency = frequency;
    this.#presence = presence;
    this.#counted = promptTokens;
  }

  /**
   * Counts what has come to the history since.
   * @returns the tokens whose bias has changed by it
   */
  count(history: readonly number[]): readonly number[] {
    const added = history.slice(this.#counted);
    this.#counted = history.length;
    for (const token of added) {
      const count = (this.#counts.get(token) ?? 0) + 1;
      this.#counts.set(token, count);
      this.biases.set(token, -(count * this.#frequency + this.#presence));
    }
    return added;
  }
}

/**
 * The penalties of a request; undefined where they are off.
 * @throws AtomaError `invalid_params`
 */
export function answerBias(extras: RequestExtras | undefined, promptTokens: number): AnswerBias | undefined {
  const { frequencyPenalty = 0, presencePenalty = 0 } = extras ?? {};
  if (frequencyPenalty === 0 && presencePenalty === 0) return undefined;
  if (!Number.isFinite(frequencyPenalty) || !Number.isFinite(presencePenalty)) {
    const problem = 'frequency_penalty and presence_penalty have to be finite numbers';
    throw new AtomaError('invalid_params', problem, { fields: { problems: [problem] } });
  }
  return new AnswerBias(frequencyPenalty, presencePenalty, promptTokens);
}
