/** What an oracle of an echelon found the answer to a disputed ticket to be. Hashes are 32 bytes. */
export interface OracleVerdict {
  readonly ticketId: string;
  readonly inputTokens: bigint;
  readonly outputTokens: bigint;
  readonly root: Uint8Array;
  /** Every leaf of the ticket, in order. */
  readonly leaves: readonly Uint8Array[];
}

/** A node that was sampled for a ticket, as the ticket on chain has it. */
export interface SampledNode {
  readonly smallId: bigint;
  /** undefined where that could not be read. */
  readonly committed: boolean | undefined;
  /** 32 bytes; undefined where the node has not committed, or where that could not be read. */
  readonly leaf: Uint8Array | undefined;
}

/**
 * A ticket that has not settled, as it lies on the chain. Each part is undefined where it could not be read: the
 * layout of the object is the contract's own.
 */
export interface TicketOnChain {
  /** In the order of their leaves. */
  readonly nodes: readonly SampledNode[] | undefined;
  /** How many leaves its buffer has room for. */
  readonly leafCount: bigint | undefined;
  /** What the first node to commit claimed; the same of `outputTokens` and `root`. */
  readonly inputTokens: bigint | undefined;
  readonly outputTokens: bigint | undefined;
  /** 32 bytes; undefined before the first commitment too. */
  readonly root: Uint8Array | undefined;
  readonly disputed: boolean | undefined;
}

/**
 * What `try_to_settle` did: `settled`, put in `disputed`, `resampled` the nodes that were silent or asked for
 * more of them; or nothing, for the echelon has too few nodes (`waiting`), or for a commitment is still awaited
 * (`unchanged`).
 */
export type SettleOutcome = 'settled' | 'disputed' | 'resampled' | 'waiting' | 'unchanged';

/** The chain's answer to an attempt to settle a ticket. */
export interface SettleReceipt {
  readonly outcome: SettleOutcome;
  /** Of the transaction; undefined where a simulation showed that it would do nothing, and none was sent. */
  readonly digest: string | undefined;
}
