import type { Completion, PromptParams } from '../core/index.js';

/** What a job, or a sum of jobs, asks for, in units that are known before it runs. */
export interface Workload {
  /** UTF-8 bytes of the prompt. */
  readonly promptBytes: number;
  /** Tokens that need no tokenizer: `pre_prompt_tokens`. */
  readonly promptTokens: number;
  /** Most tokens that can be generated. */
  readonly outputBound: number;
}

/** Bound of an answer's length where the model's context size was not declared, tokens. */
const ASSUMED_CONTEXT_TOKENS = 4096;

export function workloadOf(params: PromptParams, contextSize: number | undefined): Workload {
  const context = BigInt(contextSize ?? ASSUMED_CONTEXT_TOKENS);
  return {
    promptBytes: Buffer.byteLength(params.prompt),
    promptTokens: params.prePromptTokens.length,
    outputBound: Number(params.maxTokens < context ? params.maxTokens : context),
  };
}

/** Weight of the newest completion: a change of load shows after about ten of them. */
const NEWEST_WEIGHT = 0.1;

/**
 * How fast a model answers, learnt from its completions. A job's expected time is
 *
 *     (promptBytes · tokensPerByte + promptTokens) · prefillMsPerToken
 *   + outputBound · outputShare · decodeMsPerToken
 *
 * which is linear in the workload: the time of many jobs one after another is that of their sum. Each factor
 * is a ratio of two exponentially weighted sums, so that long jobs count for what they weigh. A sequence is
 * slower in a full batch than alone; the factors follow the load since they forget. Before the first
 * completion every factor is 0: nobody is refused or called late on no knowledge.
 */
export class SpeedEstimate {
  readonly #tokensPerByte = new WeightedRatio();
  readonly #prefillMsPerToken = new WeightedRatio();
  readonly #outputShare = new WeightedRatio();
  readonly #decodeMsPerToken = new WeightedRatio();

  observe(workload: Workload, completion: Completion): void {
    const { inputTokens, tokens, timings } = completion;
    this.#tokensPerByte.add(Math.max(0, inputTokens - workload.promptTokens), workload.promptBytes);
    this.#prefillMsPerToken.add(timings.prefillMs, inputTokens);
    this.#outputShare.add(tokens.length, workload.outputBound);
    this.#decodeMsPerToken.add(timings.decodeMs, tokens.length - 1);
  }

  /** Expected time from start to end, ms. */
  expectedMs(workload: Workload): number {
    const input = workload.promptBytes * this.#tokensPerByte.value + workload.promptTokens;
    const output = workload.outputBound * this.#outputShare.value;
    return input * this.#prefillMsPerToken.value + output * this.#decodeMsPerToken.value;
  }
}

/** Ratio of two sums in which every older entry weighs less. */
class WeightedRatio {
  #numerator = 0;
  #denominator = 0;

  /** Entries without a positive denominator say nothing. */
  add(numerator: number, denominator: number): void {
    if (denominator <= 0) return;
    this.#numerator = this.#numerator * (1 - NEWEST_WEIGHT) + numerator;
    this.#denominator = this.#denominator * (1 - NEWEST_WEIGHT) + denominator;
  }

  get value(): number {
    return this.#denominator === 0 ? 0 : this.#numerator / this.#denominator;
  }
}

/** A sum of workloads that jobs enter and leave. Whole numbers, so that it comes back to exactly 0. */
export class WorkloadSum implements Workload {
  promptBytes = 0;
  promptTokens = 0;
  outputBound = 0;

  add(workload: Workload): void {
    this.promptBytes += workload.promptBytes;
    this.promptTokens += workload.promptTokens;
    this.outputBound += workload.outputBound;
  }

  subtract(workload: Workload): void {
    this.promptBytes -= workload.promptBytes;
    this.promptTokens -= workload.promptTokens;
    this.outputBound -= workload.outputBound;
  }
}
