import type { Backend } from './model.js';

/**
 * Whether a model gives the same bits for a prompt whatever else is in its batch, as measured on the machine
 * that runs it: `batch-invariant` shares batches with anything, `exclusive` gives the same bits only in a
 * context of one sequence.
 */
export type DeterminismVerdict = 'batch-invariant' | 'exclusive';

/**
 * Everything that the bits of an answer depend on besides its params. Two runs with the same profile and params
 * give the same text, tokens and counts.
 */
export interface NumericProfile {
  /** blake2b-256 of the other fields as canonical JSON (keys sorted, no spaces), 64 hexadecimal digits. */
  readonly id: string;
  /**
   * sha256 of the weights, 64 hexadecimal digits: of a single file that of its bytes; of several (parts, external
   * data, an ONNX model's tokenizer and settings) that of their digests in order.
   */
  readonly weights: string;
  /** Engine and version: `node-llama-cpp 3.22.1`. */
  readonly engine: string;
  /** Which build of it: release, what it was compiled for, and the instructions that it found. */
  readonly build: string;
  readonly backend: Backend;
  /** What computes: the GPU's name, or the CPU's. */
  readonly device: string;
  readonly threads: number;
  /** Tokens a sequence can hold. */
  readonly contextSize: number;
  /** Tokens of a prompt that are evaluated at once: where a longer one is cut. */
  readonly batchSize: number;
  readonly flashAttention: boolean;
  /** Version of the rules by which tokens are chosen. */
  readonly sampler: string;
  readonly verdict: DeterminismVerdict;
}
