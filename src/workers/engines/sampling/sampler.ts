import { AtomaError } from '../../../core/index.js';
import type { TokenProbability } from '../expected-tokens.js';
import type { AnswerBias } from './answer-bias.js';
import type { SamplingChoice } from './choice.js';
import { MersenneTwister } from './mersenne-twister.js';
import { TokenRanking } from './token-ranking.js';

/**
 * Chooses tokens as llama.cpp's samplers do, for engines that have none of their own: the chain of
 * node-llama-cpp (`rebuildChainIfNeeded` in its addon/AddonSampler.cpp), with the formulas of llama.cpp's
 * src/llama-sampler.cpp. What the answer's own tokens are penalized with, where it is asked for; repeat penalty; then, where the temperature is 0, the best token, and else top-k,
 * top-p, temperature and a draw. The same seed chooses the same tokens from the same logits: llama.cpp
 * computes in single precision, and what is rounded there is rounded here (`Math.fround`, typed arrays).
 */
export class Sampler {
  readonly #choice: SamplingChoice;
  readonly #temperature: number;
  readonly #penalty: number;
  readonly #topP: number;
  readonly #bias: AnswerBias | undefined;
  readonly #random: MersenneTwister;
  readonly #ranking: TokenRanking;
  /** For each token the number of the call that saw it last in the penalized part of the history. */
  readonly #seen: Uint32Array;
  #calls = 0;
  /** Of the last call: the logits with the penalty, and how many of the ranking's first tokens were drawn from. */
  #logits: Float32Array = new Float32Array();
  #kept = 0;

  /**
   * @param vocabularySize how many logits there are at each position
   * @param bias of the tokens of the answer
   */
  constructor(choice: SamplingChoice, vocabularySize: number, bias?: AnswerBias) {
    this.#choice = choice;
    this.#bias = bias;
    this.#temperature = Math.fround(choice.temperature);
    this.#penalty = Math.fround(choice.repeatPenalty);
    this.#topP = Math.fround(choice.topP);
    this.#random = new MersenneTwister(choice.seed);
    this.#ranking = new TokenRanking(vocabularySize);
    this.#seen = new Uint32Array(vocabularySize);
  }

  /**
   * The next token.
   * @param logits of the position; the penalties are applied in place
   * @param history the tokens of the sequence so far, prompt included
   * @throws AtomaError `engine_failed` where the logits are no numbers.
   */
  sample(logits: Float32Array, history: readonly number[]): number {
    this.#logits = logits;
    if (this.#bias !== undefined) addBias(this.#bias, logits, history);
    this.#penalize(logits, history);
    const best = argmax(logits);
    const bestLogit = logits[best] ?? Number.NaN;
    if (!Number.isFinite(bestLogit)) {
      throw new AtomaError('engine_failed', `the model computed no numbers: its best logit is ${bestLogit}`);
    }
    if (this.#temperature <= 0) return best;
    const { topK } = this.#choice;
    const kept = topK > 0 ? Math.min(topK, logits.length) : logits.length;
    this.#ranking.rank(logits, bestLogit, kept);
    this.#kept = this.#nucleus(logits, bestLogit, kept);
    return this.#draw(logits, bestLogit, this.#kept);
  }

  /**
   * Probability of any of these tokens at the position sampled last, whose logits must not have changed since:
   * among those that top-k and top-p left, at the temperature. A greedy choice has the model's own distribution.
   */
  probability(tokens: ReadonlySet<number>): number {
    const { count, at, weight } = this.#distribution();
    let [sum, asked] = [0, 0];
    for (let place = 0; place < count; place++) {
      const token = at(place);
      sum += weight(token);
      if (tokens.has(token)) asked += weight(token);
    }
    return asked / sum;
  }

  /** The likeliest tokens of the same distribution, best first; `wanted` of them where there are so many. */
  top(wanted: number): readonly TokenProbability[] {
    const { count, at, weight, best } = this.#distribution();
    let sum = 0;
    for (let place = 0; place < count; place++) sum += weight(at(place));
    const shown = Math.min(wanted, count);
    if (this.#temperature <= 0) this.#ranking.rank(this.#logits, best, shown);
    return Array.from({ length: shown }, (_, place) => {
      const token = this.#ranking.at(place);
      return { token, probability: weight(token) / sum };
    });
  }

  /** What the last token was chosen from: a greedy choice has no ranking, and needs none to be summed up. */
  #distribution(): Distribution {
    const logits = this.#logits;
    const isGreedy = this.#temperature <= 0;
    const best = logits[isGreedy ? argmax(logits) : this.#ranking.at(0)] ?? 0;
    const scale = isGreedy ? 1 : this.#temperature;
    return {
      best,
      count: isGreedy ? logits.length : this.#kept,
      at: isGreedy ? (place) => place : (place) => this.#ranking.at(place),
      weight: (token) => Math.exp(((logits[token] ?? 0) - best) / scale),
    };
  }

  /** `llama_sampler_penalties_apply`, without frequency and presence penalties. */
  #penalize(logits: Float32Array, history: readonly number[]): void {
    const { repeatLastN } = this.#choice;
    if (this.#penalty === 1 || repeatLastN === 0) return;
    const call = ++this.#calls;
    for (let i = Math.max(0, history.length - repeatLastN); i < history.length; i++) {
      const token = history[i] ?? 0;
      if (this.#seen[token] === call) continue;
      this.#seen[token] = call;
      const logit = logits[token] ?? 0;
      // A division alone would make tokens with negative logits more likely.
      logits[token] = logit <= 0 ? logit * this.#penalty : logit / this.#penalty;
    }
  }

  /** `llama_sampler_top_p_apply`: how many of the best tokens it takes to reach `top_p`. */
  #nucleus(logits: Float32Array, bestLogit: number, kept: number): number {
    if (this.#topP >= 1) return kept;
    const weight = (token: number): number => Math.fround(Math.exp((logits[token] ?? 0) - bestLogit));
    const candidates = this.#ranking.grouped(kept);
    let sum = 0;
    for (let i = 0; i < kept; i++) sum = Math.fround(sum + weight(candidates[i] ?? 0));
    let reached = 0;
    for (let place = 0; place < kept; place++) {
      reached = Math.fround(reached + Math.fround(weight(this.#ranking.at(place)) / sum));
      if (reached >= this.#topP) return place + 1;
    }
    return kept;
  }

  /** `llama_sampler_temp_impl`, then `llama_sampler_dist_apply`. */
  #draw(logits: Float32Array, bestLogit: number, kept: number): number {
    const random = this.#random.nextDouble();
    if (kept === 1) return this.#ranking.at(0);
    const temperature = this.#temperature;
    const top = Math.fround(bestLogit / temperature);
    const weight = (token: number): number =>
      Math.fround(Math.exp(Math.fround(Math.fround((logits[token] ?? 0) / temperature) - top)));
    const candidates = this.#ranking.grouped(kept);
    let sum = 0;
    for (let i = 0; i < kept; i++) sum += weight(candidates[i] ?? 0);
    const target = sum * random;
    let reached = 0;
    for (let place = 0; place < kept; place++) {
      reached += weight(this.#ranking.at(place));
      if (reached >= target) return this.#ranking.at(place);
    }
    return this.#ranking.at(kept - 1);
  }
}

interface Distribution {
  /** How many tokens there are to choose from. */
  readonly count: number;
  at(place: number): number;
  /** Of a token, in proportion to its probability; 1 is the best one's. */
  weight(token: number): number;
  /** The largest logit. */
  readonly best: number;
}

/** `llama_sampler_logit_bias_apply`. */
function addBias(bias: AnswerBias, logits: Float32Array, history: readonly number[]): void {
  bias.count(history);
  for (const [token, added] of bias.biases) logits[token] = (logits[token] ?? 0) + Math.fround(added);
}

/** The token with the largest logit, of equal ones the first, as `llama_sampler_greedy_apply` takes it. */
function argmax(logits: Float32Array): number {
  let best = 0;
  let bestLogit = logits[0] ?? Number.NEGATIVE_INFINITY;
  for (let token = 1; token < logits.length; token++) {
    const logit = logits[token] ?? Number.NEGATIVE_INFINITY;
    if (logit > bestLogit) {
      best = token;
      bestLogit = logit;
    }
  }
  return best;
}
