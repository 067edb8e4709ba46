import { type Completion, type PromptParams, tokensPerSecond } from '../../core/index.js';
import type { GenerateResult } from '../node-api.js';

/** A finished answer as clients get it. */
export function completionToWire(completion: Completion): Record<string, unknown> {
  return {
    text: completion.text,
    tokens: completion.tokens,
    input_tokens: completion.inputTokens,
    output_tokens: completion.tokens.length,
    finish_reason: completion.finishReason,
    profile: completion.profile,
    timings: timingsToWire(completion),
  };
}

/** The result of `atoma_generate`. */
export function generateResultToWire(result: GenerateResult, params: PromptParams): Record<string, unknown> {
  return {
    request_id: result.requestId,
    model: params.model,
    ...completionToWire(result.completion),
    random_seed: params.randomSeed.toString(),
    reproducible: result.reproducible,
    timings: { queued_ms: rounded(result.queuedMs), ...timingsToWire(result.completion) },
  };
}

function timingsToWire(completion: Completion): Record<string, number> {
  return {
    prefill_ms: rounded(completion.timings.prefillMs),
    decode_ms: rounded(completion.timings.decodeMs),
    tokens_per_second: rounded(tokensPerSecond(completion)),
  };
}

/** Three decimals: microseconds, the clock's own resolution. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
