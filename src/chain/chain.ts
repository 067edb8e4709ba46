import type { ChainEvent, Commitment, CommitmentReceipt } from '../core/index.js';

/**
 * One step of a chain's history. `cursor` is opaque: handing it to {@link Chain.follow} goes on after this
 * item. An item without an event says only that nothing concerned the contract up to the cursor.
 */
export interface ChainItem {
  readonly cursor: string;
  readonly event: ChainEvent | undefined;
}

/** How the connection to a chain stands; for logs and `atoma_nodeInfo`. */
export interface ChainStatus {
  readonly endpoint: string;
  /** undefined until the chain first answered. */
  readonly chainId: string | undefined;
  /** The wallet's address. */
  readonly address: string;
  /** True while live events flow. */
  readonly following: boolean;
  /** The newest checkpoint seen: sequence number and when it was seen (ms since 1970). */
  readonly checkpoint: { readonly sequence: bigint; readonly seenAtMs: number } | undefined;
}

/** What any chain gives the node: events in from a cursor, commitments out. */
export interface Chain {
  readonly name: string;
  status(): ChainStatus;
  /**
   * The contract's events, in order, each once, without a gap over reconnects; goes on until `signal`
   * aborts (then it returns) and reconnects with back-off by itself. Without `after` it starts at the
   * chain's tip.
   * @throws AtomaError only where no retry can help, such as a cursor of another chain.
   */
  follow(options: {
    readonly after: string | undefined;
    readonly signal: AbortSignal;
  }): AsyncIterable<ChainItem>;
  /**
   * Sends a commitment until the chain has answered; 'already committed' is a success.
   * @throws AtomaError `commitment_rejected` with the contract's abort code in `fields.abortCode`,
   * `chain_unavailable` after `request_timeout`.
   */
  submitCommitment(commitment: Commitment, signal: AbortSignal): Promise<CommitmentReceipt>;
  close(): Promise<void>;
}
