import { bcs } from '@mysten/sui/bcs';
import type { TransactionData } from '@mysten/sui/transactions';
import type { EmittedEvent } from '../move/context.js';
import type { Effects } from './effects.js';
import { digestOf } from './objects.js';
import type { Position } from './position.js';

/** An event with its place in the ledger. */
export interface LedgerEvent extends EmittedEvent {
  readonly position: Position;
  readonly checkpoint: bigint;
  readonly transactionDigest: string;
  readonly transactionIndex: number;
  readonly eventIndex: number;
  readonly sender: string;
}

/** A transaction that was committed, whether it succeeded or failed. */
export interface CommittedTransaction {
  readonly digest: string;
  /** undefined for genesis, which nobody sent. */
  readonly data: TransactionData | undefined;
  readonly bytes: Uint8Array;
  readonly signatures: readonly Uint8Array[];
  readonly effects: Effects;
  readonly events: readonly LedgerEvent[];
  readonly checkpoint: bigint;
  readonly index: number;
  readonly timestampMs: number;
}

export interface Checkpoint {
  readonly sequence: bigint;
  readonly epoch: bigint;
  readonly timestampMs: number;
  readonly digest: string;
  readonly previousDigest: string | undefined;
  readonly transactions: readonly CommittedTransaction[];
  /** Transactions up to and with this checkpoint. */
  readonly totalTransactions: bigint;
}

export interface Epoch {
  readonly epoch: bigint;
  readonly startMs: number;
  readonly firstCheckpoint: bigint;
}

const Summary = bcs.struct('Summary', {
  seed: bcs.string(),
  sequence: bcs.u64(),
  timestampMs: bcs.u64(),
  transactions: bcs.vector(bcs.ObjectDigest),
});

/**
 * Every checkpoint. An empty one costs sixteen bytes: its digest is computed when somebody asks. Digests are
 * therefore not chained; each stands for its chain, sequence number, time and transactions.
 */
export class CheckpointLog {
  readonly #seed: string;
  readonly #timestamps: number[] = [];
  readonly #totals: number[] = [];
  readonly #filled = new Map<number, readonly CommittedTransaction[]>();
  readonly #epochs: Epoch[] = [];
  #lowest = 0n;

  /** @param seed what makes this chain's digests its own */
  constructor(seed: string) {
    this.#seed = seed;
  }

  /** Sequence number of the checkpoint that comes next. */
  get next(): bigint {
    return BigInt(this.#timestamps.length);
  }

  /** Sequence number of the newest checkpoint. */
  get tip(): bigint {
    return this.next - 1n;
  }

  /** Sequence number of the oldest checkpoint that is still there, with its transactions and events. */
  get lowest(): bigint {
    return this.#lowest;
  }

  /** Throws away everything up to the newest checkpoint, as a pruning full node does; digests stay known. */
  prune(): void {
    this.#lowest = this.next;
  }

  append(timestampMs: number, transactions: readonly CommittedTransaction[]): void {
    if (transactions.length > 0) this.#filled.set(this.#timestamps.length, transactions);
    this.#timestamps.push(timestampMs);
    this.#totals.push((this.#totals.at(-1) ?? 0) + transactions.length);
  }

  startEpoch(startMs: number): void {
    const epoch = BigInt(this.#epochs.length);
    this.#epochs.push({ epoch, startMs, firstCheckpoint: this.next });
  }

  get epochs(): readonly Epoch[] {
    return this.#epochs;
  }

  get(sequence: bigint): Checkpoint | undefined {
    const timestampMs = this.#timestamps[Number(sequence)];
    if (timestampMs === undefined || sequence < this.#lowest) return undefined;
    return {
      sequence,
      epoch: this.#epochOf(sequence),
      timestampMs,
      digest: this.digest(sequence),
      previousDigest: sequence === 0n ? undefined : this.digest(sequence - 1n),
      transactions: this.transactions(sequence),
      totalTransactions: BigInt(this.#totals[Number(sequence)] ?? 0),
    };
  }

  /** Digest of a checkpoint, base58. */
  digest(sequence: bigint): string {
    const bytes = Summary.serialize({
      seed: this.#seed,
      sequence,
      timestampMs: this.#timestamps[Number(sequence)] ?? 0,
      transactions: this.transactions(sequence).map((transaction) => transaction.digest),
    }).toBytes();
    return digestOf('CheckpointSummary', bytes);
  }

  /** The checkpoint with this digest; a search through all of them. */
  find(digest: string): Checkpoint | undefined {
    for (let sequence = this.tip; sequence >= this.#lowest; sequence--) {
      if (this.digest(sequence) === digest) return this.get(sequence);
    }
    return undefined;
  }

  /** The transactions in a checkpoint. */
  transactions(sequence: bigint): readonly CommittedTransaction[] {
    return this.#filled.get(Number(sequence)) ?? [];
  }

  #epochOf(sequence: bigint): bigint {
    return this.#epochs.findLast((epoch) => epoch.firstCheckpoint <= sequence)?.epoch ?? 0n;
  }
}
