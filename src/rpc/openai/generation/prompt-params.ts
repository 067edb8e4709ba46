import type { PromptParams } from '../../../core/index.js';
import { randomSeed } from '../../random-seed.js';
import type { RawPrompt } from '../schemas/completions.js';

/** The fields of a request that say how tokens are chosen. */
export interface Sampling {
  readonly model: string;
  readonly temperature: number;
  readonly top_p: number;
  readonly stream: boolean;
}

const U64_BITS = 64;

/** A seed as 64 bits; a random one where none is given. */
export function seedOf(given: number | undefined): bigint {
  return given === undefined ? randomSeed() : BigInt.asUintN(U64_BITS, BigInt(given));
}

/** The seed of the choice `index` of a request: its own for the first one, others for the rest. */
export function seedOfChoice(seed: bigint, index: number): bigint {
  return BigInt.asUintN(U64_BITS, seed + BigInt(index));
}

/** The id of the choice `index` of a request: its own for the first one, with the index behind it for the rest. */
export function requestIdOfChoice(requestId: string, index: number): string {
  return index === 0 ? requestId : `${requestId}.${index}`;
}

/** What OpenAI's fields are in the contract's terms. A `top_p` of 0 leaves the likeliest token alone: greedy. */
export function toPromptParams(
  { model, temperature, top_p, stream }: Sampling,
  prompt: RawPrompt,
  { maxTokens, seed }: { readonly maxTokens: number; readonly seed: bigint },
): PromptParams {
  const isText = typeof prompt === 'string';
  return {
    model,
    prompt: isText ? prompt : '',
    prePromptTokens: isText ? [] : prompt,
    prependOutputWithInput: false,
    maxTokens: BigInt(maxTokens),
    randomSeed: seed,
    repeatLastN: 0n,
    repeatPenalty: 1,
    shouldStreamOutput: stream,
    temperature: top_p === 0 ? 0 : temperature,
    topK: 0n,
    topP: top_p === 0 ? 1 : top_p,
  };
}
