/** What a node sends to the chain for a ticket. Hashes are 32 bytes. */
export interface Commitment {
  readonly ticketId: string;
  readonly inputTokens: bigint;
  readonly outputTokens: bigint;
  readonly root: Uint8Array;
  /** The node's own leaf: the contract's `chunk_hash`. */
  readonly leaf: Uint8Array;
}

/** The chain's answer to a commitment. */
export interface CommitmentReceipt {
  /** Transaction digest; undefined where an earlier transaction had already committed. */
  readonly digest: string | undefined;
  readonly alreadyCommitted: boolean;
}
