import { z } from 'zod';
import { AtomaError, U64_MAX } from '../core/index.js';

/** What the dev chain can be told. Times are in ms, fees in the smallest unit of TOMA. */
export interface DevnetOptions {
  /** Address to listen on. */
  readonly host: string;
  /** TCP port; 0 takes a free one. */
  readonly port: number;
  /** Nodes have their time where it is no shorter than `settlementTimeoutMs`: two epoch changes end every round. */
  readonly epochMs: number;
  /** Rhythm of checkpoints while nothing happens; a transaction makes one at once. */
  readonly checkpointMs: number;
  /** Name of the model that is registered at genesis, with one echelon, 0. */
  readonly model: string;
  readonly inputFeePerToken: bigint;
  readonly outputFeePerToken: bigint;
  readonly settlementTimeoutMs: bigint;
  /** Whether `settlement::submit_commitment` takes `&Random`, as all but the earliest packages do. */
  readonly randomArgument: boolean;
  /**
   * Leaves of a prompt without `nodes_to_sample`: one node is sampled, and others up to this may be asked. On the
   * deployed contract 11 at first.
   */
  readonly crossValidationChunks: number;
  /**
   * How often those others are asked, in thousandths, drawn when the one node has committed. undefined leaves it
   * to `Devnet.sampleMore`, and `try_to_settle` settles with the nodes that were asked.
   */
  readonly crossValidationPermille: number | undefined;
  /** Makes ids, keys, samples and seeds the same in every run; without it they are random. */
  readonly seed: bigint | undefined;
}

export const DEVNET_DEFAULTS: DevnetOptions = {
  host: '127.0.0.1',
  port: 0,
  // An hour: long enough that a session of development sees none by accident. Sui's take a day.
  epochMs: 3_600_000,
  // Sui makes about five checkpoints a second.
  checkpointMs: 200,
  model: 'atoma-tiny',
  inputFeePerToken: 1n,
  outputFeePerToken: 1n,
  // The contract's value for a new echelon.
  settlementTimeoutMs: 60_000n,
  randomArgument: true,
  // One node of a chain that often has no other.
  crossValidationChunks: 1,
  // The contract's value at first.
  crossValidationPermille: 500,
  seed: undefined,
};

/** Largest delay that a timer of Node.js takes. */
const MAX_TIMER_MS = 2_147_483_647;
/** The most nodes that the contract samples for one prompt. */
const MAX_CHUNKS = 256;
const PERMILLE = 1000;
const u64 = z.bigint().min(0n).max(U64_MAX);

const OPTIONS = z.strictObject({
  host: z.string().min(1),
  port: z.int().min(0).max(65_535),
  epochMs: z.int().min(1).max(Number.MAX_SAFE_INTEGER),
  checkpointMs: z.int().min(1).max(MAX_TIMER_MS),
  // The contract names models by ascii strings.
  model: z.string().regex(/^[\x20-\x7e]+$/, 'must be printable ASCII, at least one character'),
  inputFeePerToken: u64,
  outputFeePerToken: u64,
  settlementTimeoutMs: u64,
  randomArgument: z.boolean(),
  crossValidationChunks: z.int().min(1).max(MAX_CHUNKS),
  crossValidationPermille: z.int().min(0).max(PERMILLE).optional(),
  seed: u64.optional(),
});

/**
 * The defaults with what was given over them, checked.
 * @throws AtomaError `invalid_options`
 */
export function devnetOptions(given: Partial<DevnetOptions>): DevnetOptions {
  const merged = { ...DEVNET_DEFAULTS, ...given };
  const checked = OPTIONS.safeParse(merged);
  if (checked.success) return Object.freeze(merged);
  const message = `The options of the dev chain are wrong. ${z.prettifyError(checked.error)}`;
  throw new AtomaError('invalid_options', message, { fields: { issues: checked.error.issues } });
}
