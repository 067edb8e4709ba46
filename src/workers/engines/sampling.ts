import { blake2b } from '@noble/hashes/blake2.js';
import type { SequenceEvaluateOptions, Token } from 'node-llama-cpp';
import type { PromptParams } from '../../core/index.js';

/** llama.cpp keeps `top_k` in an int32. */
const INT32_MAX = 2_147_483_647n;

/**
 * The engine's 32-bit seed for a 64-bit `random_seed`: the first four bytes, little-endian, of
 * blake2b-256(u64_le(seed)), so that all 64 bits count.
 */
export function engineSeed(randomSeed: bigint): number {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, randomSeed, true);
  const digest = blake2b(bytes, { dkLen: 32 });
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0, true);
}

/**
 * The params of a prompt as llama.cpp's samplers take them.
 * @param history the tokens of the sequence so far, prompt included; read before every token.
 * @param contextSize no more than this many tokens can be in `history`.
 */
export function samplerOptions(
  params: PromptParams,
  history: readonly Token[],
  contextSize: number,
): SequenceEvaluateOptions {
  const lastN = Number(params.repeatLastN < BigInt(contextSize) ? params.repeatLastN : BigInt(contextSize));
  const penalize = params.repeatPenalty !== 1 && lastN > 0;
  return {
    temperature: params.temperature,
    topK: Number(params.topK < INT32_MAX ? params.topK : INT32_MAX),
    topP: params.topP,
    minP: 0,
    seed: engineSeed(params.randomSeed),
    ...(penalize && {
      repeatPenalty: {
        penalty: params.repeatPenalty,
        punishTokens: () => history.slice(-lastN),
        maxPunishTokens: lastN,
        frequencyPenalty: 0,
        presencePenalty: 0,
      },
    }),
  };
}
