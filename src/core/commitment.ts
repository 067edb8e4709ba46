/** What a node sends to the chain for a ticket. Hashes are 32 bytes. */
export interface Commitment {
  readonly ticketId: string;
  readonly inputTokens: bigint;
  readonly outputTokens: bigint;
  readonly root: Uint8Array;
  /** The node's own leaf: the contract's `chunk_hash`. */
  readonly leaf: Uint8Array;
}

/**
 * A transaction as it is sent. Its digest is fixed by its bytes, so that sending it twice runs it once: it is
 * kept before it is sent, and sent again as it is until the chain has answered.
 */
export interface SignedTransaction {
  readonly digest: string;
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
}

/** The chain's answer to a commitment. */
export interface CommitmentReceipt {
  /** Transaction digest; undefined where an earlier transaction had already committed. */
  readonly digest: string | undefined;
  readonly alreadyCommitted: boolean;
}
