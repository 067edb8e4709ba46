import { AtomaError, type ScoredText, type TokenLogprob } from '../../../core/index.js';
import type { ScoredToken } from '../expected-tokens.js';
import type { TokenPiece } from '../tokens/token-text.js';

/** OpenAI's own limit; each costs its text and bytes in every frame. */
const MOST_ALTERNATIVES = 20;

/** What a token stands for. */
type PieceOf = (token: number) => TokenPiece | Promise<TokenPiece>;

/** Keeps, of each token of an answer, how likely it was and which ones were likeliest in its place. */
export class AnswerLogprobs {
  /** One for each token that `recording` gave. */
  readonly entries: TokenLogprob[] = [];
  readonly #count: number;
  readonly #piece: PieceOf;

  /**
   * @param count how many of the likeliest tokens are kept
   * @throws AtomaError `invalid_params`
   */
  constructor(count: number, piece: PieceOf) {
    if (!Number.isInteger(count) || count < 0 || count > MOST_ALTERNATIVES) {
      const problem = `top_logprobs is ${count}, wanted an integer from 0 to ${MOST_ALTERNATIVES}`;
      throw new AtomaError('invalid_params', problem, { fields: { problems: [problem] } });
    }
    this.#count = count;
    this.#piece = piece;
  }

  /** The tokens of the answer; the entry of each is there when it comes. */
  async *recording(scored: AsyncIterable<ScoredToken>): AsyncGenerator<number> {
    for await (const { token, probability, top } of scored) {
      if (token === undefined) return;
      const likeliest = this.#count === 0 ? [] : top(this.#count);
      this.entries.push({
        ...(await this.#scored(token, probability(token))),
        top: await Promise.all(likeliest.map((other) => this.#scored(other.token, other.probability))),
      });
      yield token;
    }
  }

  async #scored(token: number, probability: number): Promise<ScoredText> {
    const { text, bytes } = await this.#piece(token);
    return {
      token,
      text: text ?? new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes),
      bytes: [...bytes],
      // One that rounded to 0 in single precision was still chosen; JSON knows no -Infinity.
      logprob: Math.log(Math.max(probability, Number.MIN_VALUE)),
    };
  }
}
