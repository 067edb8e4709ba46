/** What the dev chain can be told. Times are in ms, fees in the smallest unit of TOMA. */
export interface DevnetOptions {
  /** Address to listen on. */
  readonly host: string;
  /** TCP port; 0 takes a free one. */
  readonly port: number;
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
  /** Makes sampling, seeds, ids and keys the same in every run; without it they are random. */
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
  seed: undefined,
};
