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
  /** Of the model that it is for: only an oracle of that echelon may settle a dispute over it. */
  readonly echelon: bigint | undefined;
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

/**
 * Where a dispute stands, for this node: `open`, until an oracle settles it or this one, being an oracle, has
 * `judged` it; `closing` once it has settled and the oracle's verdict is still to be held against this node's own
 * commitment; then `settled`. `left`: this node is an oracle and could not judge it.
 */
export type DisputeState = 'open' | 'judged' | 'closing' | 'settled' | 'left';

/** What an oracle found of one of the nodes that were sampled for a disputed ticket. */
export interface Finding {
  readonly nodeId: bigint;
  /** `unknown` where the ticket on chain could not be read. */
  readonly found: 'agrees' | 'leaf_differs' | 'silent' | 'unknown';
}

/** A dispute that concerns this node: over a ticket of its own, or, where it is an oracle, over any. */
export interface Dispute {
  readonly ticketId: string;
  /** When it began, ms since 1970. */
  readonly sinceMs: number;
  /** Why, as a sentence. */
  readonly cause: string;
  readonly state: DisputeState;
  /** How often this node tried what it has to do next. */
  readonly attempts: number;
  /** What this node found, as an oracle. */
  readonly verdict: OracleVerdict | undefined;
  /** Who was right, as this node found it, in the order of the leaves. */
  readonly findings: readonly Finding[];
  /** Whether the token counts that the ticket holds, those of the first commitment, were right. */
  readonly countsAgree: boolean | undefined;
  /** Of the transaction by which this node settled it. */
  readonly digest: string | undefined;
  /** The event that ended it: its id, `digest:index`. */
  readonly settlement: string | undefined;
  /** The oracle that settled it, where one did. */
  readonly oracleNodeId: bigint | undefined;
  /** Whether the oracle's verdict confirms what this node had committed to; undefined where nobody knows. */
  readonly own: 'right' | 'wrong' | undefined;
  /** Why it was left, or what it waits for. */
  readonly note: string | undefined;
}

/** A ticket that this node has committed to and that has not settled. */
export interface AwaitedSettlement {
  readonly ticketId: string;
  /** When to ask the chain to settle it, ms since 1970. */
  readonly dueMs: number;
  /** How often it was asked. */
  readonly attempts: number;
  /** How often a transaction was paid for. */
  readonly sent: number;
}
