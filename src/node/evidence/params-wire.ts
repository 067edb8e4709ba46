import { floatFromBits, floatToBits } from '../../chain/index.js';
import type { PromptParams } from '../../core/index.js';
import type { Evidence } from '../../rpc/index.js';

/** Params as evidence holds them. */
export function paramsToWire(params: PromptParams): Evidence['params'] {
  return {
    model: params.model,
    prompt: params.prompt,
    pre_prompt_tokens: [...params.prePromptTokens],
    prepend_output_with_input: params.prependOutputWithInput,
    max_tokens: params.maxTokens.toString(),
    random_seed: params.randomSeed.toString(),
    repeat_last_n: params.repeatLastN.toString(),
    repeat_penalty: params.repeatPenalty,
    repeat_penalty_bits: floatToBits(params.repeatPenalty),
    should_stream_output: params.shouldStreamOutput,
    temperature: params.temperature,
    temperature_bits: floatToBits(params.temperature),
    top_k: params.topK.toString(),
    top_p: params.topP,
    top_p_bits: floatToBits(params.topP),
  };
}

/** Back from {@link paramsToWire}; of the floats, the bits count. */
export function paramsFromWire(params: Evidence['params']): PromptParams {
  return {
    model: params.model,
    prompt: params.prompt,
    prePromptTokens: params.pre_prompt_tokens,
    prependOutputWithInput: params.prepend_output_with_input,
    maxTokens: BigInt(params.max_tokens),
    randomSeed: BigInt(params.random_seed),
    repeatLastN: BigInt(params.repeat_last_n),
    repeatPenalty: floatFromBits(params.repeat_penalty_bits),
    shouldStreamOutput: params.should_stream_output,
    temperature: floatFromBits(params.temperature_bits),
    topK: BigInt(params.top_k),
    topP: floatFromBits(params.top_p_bits),
  };
}
