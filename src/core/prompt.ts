import { AtomaError } from './errors.js';

/** Largest value of a Move `u64`. */
export const U64_MAX = 18_446_744_073_709_551_615n;

/**
 * What a text2text prompt asks for, with the meaning that the contract gives it. Every `u64` of the
 * contract is a `bigint`: a JavaScript number cannot hold it.
 */
export interface PromptParams {
  /** Name of the model as the contract knows it. */
  readonly model: string;
  /** Run as given (raw completion), after `prePromptTokens`. */
  readonly prompt: string;
  /** Token ids that come before the prompt: the ids of an earlier turn. Each is a u32. */
  readonly prePromptTokens: readonly number[];
  /** A chat: the ids of the answer go back with the output. */
  readonly prependOutputWithInput: boolean;
  /** At most so many tokens are generated. */
  readonly maxTokens: bigint;
  /** All 64 bits count. */
  readonly randomSeed: bigint;
  /** How many of the last tokens `repeatPenalty` looks at. */
  readonly repeatLastN: bigint;
  /** 1 is off. */
  readonly repeatPenalty: number;
  /** The user watches the tokens as they come. */
  readonly shouldStreamOutput: boolean;
  /** 0 is greedy. */
  readonly temperature: number;
  /** 0 is off. */
  readonly topK: bigint;
  /** 1 is off. */
  readonly topP: number;
}

/**
 * Refuses params that have no meaning. Anyone can put any bytes on chain, so NaN and negative values do
 * come.
 * @throws AtomaError `invalid_params`, with every offending field in `fields.problems`.
 */
export function checkPromptParams(params: PromptParams): void {
  const problems: string[] = [];
  const finite = (name: string, value: number, low: number, wanted: string, lowAllowed = true): void => {
    if (!Number.isFinite(value) || value < low || (!lowAllowed && value === low)) {
      problems.push(`${name} is ${value}, wanted ${wanted}`);
    }
  };
  finite('temperature', params.temperature, 0, 'a finite number ≥ 0');
  finite('top_p', params.topP, 0, 'a number above 0, at most 1', false);
  if (params.topP > 1) problems.push(`top_p is ${params.topP}, wanted a number above 0, at most 1`);
  finite('repeat_penalty', params.repeatPenalty, 0, 'a finite number > 0', false);
  if (params.prompt.length === 0 && params.prePromptTokens.length === 0) {
    problems.push('prompt and pre_prompt_tokens are both empty, wanted at least one token to start from');
  }
  if (problems.length > 0) {
    throw new AtomaError('invalid_params', problems.join('; '), { fields: { problems } });
  }
}
