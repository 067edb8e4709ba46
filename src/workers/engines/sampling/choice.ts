import { blake2b } from '@noble/hashes/blake2.js';
import type { SequenceEvaluateOptions, Token } from 'node-llama-cpp';
import type { PromptParams } from '../../../core/index.js';

/** llama.cpp keeps `top_k` in an int32. */
const INT32_MAX = 2_147_483_647n;
/** llama.cpp takes this seed as a wish for a random one (`LLAMA_DEFAULT_SEED`). */
const RANDOM_SEED = 0xffffffff;
/**
 * Beyond these, logits overflow in single precision, and llama.cpp then takes the worst token instead of the
 * best. A colder temperature is greedy, a penalty is cut off.
 */
const SMALLEST_FACTOR = 1e-15;
const LARGEST_FACTOR = 1e15;

/**
 * Version of the rules by which params become samplers, and on backends without samplers of their own, tokens. To be
 * counted up with every change after which the same logits and params may choose another token.
 */
export const SAMPLER_VERSION = '1';

/** How tokens are to be chosen, in numbers that every engine takes. */
export interface SamplingChoice {
  /** 0 is greedy. */
  readonly temperature: number;
  /** 0 is off. */
  readonly topK: number;
  /** 1 is off. */
  readonly topP: number;
  /** 1 is off. */
  readonly repeatPenalty: number;
  /** How many of the last tokens the penalty looks at; 0 is off. */
  readonly repeatLastN: number;
  /** 32 bits. */
  readonly seed: number;
}

/**
 * The engine's 32-bit seed for a 64-bit `random_seed`: the first four bytes, little-endian, of
 * blake2b-256(u64_le(seed)), so that all 64 bits count; 0 in place of the one that asks for a random seed.
 */
export function engineSeed(randomSeed: bigint): number {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, randomSeed, true);
  const digest = blake2b(bytes, { dkLen: 32 });
  const seed = new DataView(digest.buffer, digest.byteOffset).getUint32(0, true);
  return seed === RANDOM_SEED ? 0 : seed;
}

/** @param contextSize no sequence is longer than this */
export function samplingChoice(params: PromptParams, contextSize: number): SamplingChoice {
  const { repeatLastN, topK, temperature, repeatPenalty } = params;
  return {
    temperature: temperature < SMALLEST_FACTOR ? 0 : temperature,
    topK: Number(topK < INT32_MAX ? topK : INT32_MAX),
    topP: params.topP,
    repeatPenalty: Math.min(LARGEST_FACTOR, Math.max(SMALLEST_FACTOR, repeatPenalty)),
    repeatLastN: Number(repeatLastN < BigInt(contextSize) ? repeatLastN : BigInt(contextSize)),
    seed: engineSeed(params.randomSeed),
  };
}

/**
 * A choice as llama.cpp's samplers take it.
 * @param history the tokens of the sequence so far, prompt included; read before every token.
 */
export function llamaSampling(choice: SamplingChoice, history: readonly Token[]): SequenceEvaluateOptions {
  const { temperature, topK, topP, repeatPenalty, repeatLastN, seed } = choice;
  return {
    temperature,
    topK,
    topP,
    minP: 0,
    seed,
    ...(repeatPenalty !== 1 &&
      repeatLastN > 0 && {
        repeatPenalty: {
          penalty: repeatPenalty,
          punishTokens: () => history.slice(-repeatLastN),
          maxPunishTokens: repeatLastN,
          frequencyPenalty: 0,
          presencePenalty: 0,
        },
      }),
  };
}
