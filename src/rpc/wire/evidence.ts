import { z } from 'zod';
import { U64_MAX } from '../../core/index.js';

/**
 * The evidence of a ticket: everything that another node needs to make its answer again, and what was committed.
 * One JSON object; u64 are decimal strings, hashes hexadecimal without a prefix, times ms since 1970. Floats stand
 * there as they are and as the u32 that the contract carries, so that nothing of them is lost. What the node did not
 * keep, as in tickets from before it kept profiles, is null.
 */
export const EVIDENCE_FORMAT = 'atoma-evidence';
/** Grows where a reader of the version before would misunderstand. */
export const EVIDENCE_VERSION = 1;

const U32_MAX = 4_294_967_295;

const u64 = z
  .string()
  .refine(
    (text) => /^(0|[1-9]\d{0,19})$/.test(text) && BigInt(text) <= U64_MAX,
    'wanted a u64 as decimal text',
  );
const u32 = z.int().min(0).max(U32_MAX);
const hash = z.string().regex(/^[0-9a-f]{64}$/, 'wanted 64 hexadecimal digits');
const timeMs = z.number().nonnegative();
/** A longer one is no name, and control characters would steer the terminal of who reads it. */
const name = z
  .string()
  .max(1024)
  .regex(/^\P{Cc}*$/u, 'holds control characters');
/** More than any context holds; the length of the file bounds the rest. */
const tokens = z.array(u32).max(16_777_216);
/** Half of a surrogate pair has no UTF-8, so no model ever wrote it. */
const text = z.string().refine((value) => !/\p{Surrogate}/u.test(value), 'holds half of a surrogate pair');
/** Of a context or a batch, tokens. */
const size = z.int().min(1).max(16_777_216);

const Params = z.strictObject({
  model: name,
  prompt: text,
  pre_prompt_tokens: tokens,
  prepend_output_with_input: z.boolean(),
  max_tokens: u64,
  random_seed: u64,
  repeat_last_n: u64,
  repeat_penalty: z.number(),
  repeat_penalty_bits: u32,
  should_stream_output: z.boolean(),
  temperature: z.number(),
  temperature_bits: u32,
  top_k: u64,
  top_p: z.number(),
  top_p_bits: u32,
});

const Profile = z.strictObject({
  id: hash,
  weights: hash,
  engine: name,
  build: name,
  backend: z.enum(['llama', 'onnx', 'wasm']),
  device: name,
  // No machine has as many cores.
  threads: z.int().min(0).max(4096),
  context_size: size,
  batch_size: size,
  flash_attention: z.boolean(),
  sampler: name,
  verdict: z.enum(['batch-invariant', 'exclusive']),
});

export const EvidenceSchema = z
  .strictObject({
    format: z.literal(EVIDENCE_FORMAT),
    version: z.literal(EVIDENCE_VERSION),
    ticket_id: name,
    /** Who answered. `chain_id` is the chain's own name for itself. */
    node: z.strictObject({
      small_id: u64.nullable(),
      badge_id: name.nullable(),
      chain_id: name.nullable(),
      version: name,
    }),
    params: Params,
    leaf_index: u64,
    chunks_count: u64,
    profile: Profile.nullable(),
    prompt_tokens: tokens.nullable(),
    output_tokens: tokens,
    text,
    input_tokens_count: u64,
    output_tokens_count: u64,
    finish_reason: z.enum(['stop', 'length', 'context']),
    leaf: hash,
    root: hash,
    /** Of the transaction that committed; null where this node did not send it. */
    digest: name.nullable(),
    timings: z.strictObject({
      received_at_ms: timeMs,
      first_token_at_ms: timeMs.nullable(),
      answered_at_ms: timeMs.nullable(),
      committed_at_ms: timeMs.nullable(),
      prefill_ms: timeMs,
      decode_ms: timeMs,
    }),
  })
  .meta({
    id: 'Evidence',
    description: 'Everything that another node needs to make the answer of a ticket again.',
  });

/** As it stands in the file. */
export type Evidence = z.output<typeof EvidenceSchema>;
