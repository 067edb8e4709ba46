import type { Divergence } from '../../core/index.js';

/** A divergence before it is known what its tokens stand for. */
export type TokenDivergence = Omit<Divergence, 'text' | 'expectedText'>;

/** A token that an engine chose, with the distribution that it was drawn from. */
export interface ScoredToken {
  /** undefined where the answer ends here. */
  readonly token: number | undefined;
  /**
   * Probability of a token at this position, after the sampling params were applied; of undefined, that of all
   * tokens that end an answer. A greedy choice has no distribution of its own: there it is the model's, after the
   * repeat penalty.
   */
  probability(token: number | undefined): number;
  /** The likeliest ones of that distribution, best first: `count` of them, or as many as were left to choose from. */
  top(count: number): readonly TokenProbability[];
}

export interface TokenProbability {
  readonly token: number;
  readonly probability: number;
}

/** Holds a run against the answer of an earlier one, token by token. */
export class ExpectedTokens {
  readonly #expected: readonly number[];
  #agreed = 0;
  #divergence: TokenDivergence | undefined;

  constructor(expected: readonly number[]) {
    this.#expected = expected;
  }

  /** The tokens that agree; ends at the first that differs, which is not among them, and where both end. */
  async *agreeing(scored: AsyncIterable<ScoredToken>): AsyncGenerator<number> {
    for await (const { token, probability } of scored) {
      const expected = this.#expected[this.#agreed];
      if (token !== expected) {
        this.#divergence = {
          ...{ index: this.#agreed, token, expected },
          ...{ probability: probability(token), expectedProbability: probability(expected) },
        };
      }
      if (token === undefined || token !== expected) return;
      this.#agreed++;
      yield token;
    }
  }

  /**
   * Where the run left what was expected; undefined where it did not.
   * @param atLimit the run ended because its answer might be no longer, which is no choice of a token
   */
  divergence(atLimit: boolean): TokenDivergence | undefined {
    const expected = this.#expected[this.#agreed];
    if (this.#divergence !== undefined || !atLimit || expected === undefined) return this.#divergence;
    return { index: this.#agreed, token: undefined, expected, probability: 1, expectedProbability: 0 };
  }
}
