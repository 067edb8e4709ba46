import type {
  ChainEvent,
  Commitment,
  CommitmentReceipt,
  OracleVerdict,
  PromptEvent,
  SettleReceipt,
  SignedTransaction,
  TicketOnChain,
} from '../core/index.js';

/**
 * A stretch of a chain's history. `cursor` is opaque: handing it to {@link Chain.follow} goes on after all of
 * `events`. A batch without events says only that nothing concerned the contract up to the cursor.
 */
export interface ChainBatch {
  readonly events: readonly ChainEvent[];
  readonly cursor: string;
}

/** What the wallet has left to pay commitments with. */
export interface GasStatus {
  /** In the chain's smallest unit. */
  readonly balance: bigint;
  /** What one commitment costs, by the last ones; a cautious guess before the first. */
  readonly perCommitment: bigint;
  /** How many commitments the balance pays for. */
  readonly runwayTickets: number;
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
  /** undefined until the balance was first read. */
  readonly gas: GasStatus | undefined;
}

export interface FollowOptions {
  /** Go on after this cursor; undefined starts at the chain's tip. */
  readonly after: string | undefined;
  /** Go on from the oldest event there is, where the endpoint no longer has those after the cursor. */
  readonly acceptGap: boolean;
  readonly signal: AbortSignal;
}

export interface SubmitOptions {
  readonly signal: AbortSignal;
  /** A transaction for this commitment that was signed before, and may have been sent. */
  readonly resend: SignedTransaction | undefined;
  /** Called before a transaction is first sent; where it throws, nothing is sent and `submit` throws the same. */
  readonly onSigned: (transaction: SignedTransaction) => void;
  /** Of commitments that wait for their turn, the one with the earliest deadline goes first; ms since 1970. */
  readonly deadlineMs?: number | undefined;
}

/** Of a transaction that has no deadline: what a node does for a ticket beside its own commitment. */
export interface DutyOptions {
  readonly signal: AbortSignal;
}

/** What any chain gives the node: events in from a cursor, commitments out. */
export interface Chain {
  readonly name: string;
  status(): ChainStatus;
  /**
   * The contract's events, in order, each once, without a gap over reconnects; goes on until `signal`
   * aborts (then it returns) and reconnects with back-off by itself. The next batch is asked for when the
   * last one has been dealt with. Prompts and samplings that name this node carry `timestampMs`.
   * @throws AtomaError only where no retry can help: `foreign_cursor`, `invalid_cursor`, `chain_changed`,
   * `history_pruned` (unless gaps are accepted), `unsupported_endpoint`, `endpoint_refused`
   */
  follow(options: FollowOptions): AsyncIterable<ChainBatch>;
  /**
   * The newest checkpoint all of whose events lie before a cursor; undefined where the cursor does not say.
   * @throws AtomaError `foreign_cursor`, `invalid_cursor`
   */
  checkpointOf(cursor: string): bigint | undefined;
  /**
   * Sends a commitment until the chain has answered; 'already committed' is a success.
   * @throws AtomaError `ticket_gone` where the chain no longer knows the ticket; `commitment_rejected` with the
   * contract's abort code in `fields.abortCode`; `out_of_gas` where the wallet cannot pay, to be sent again after
   * a top-up, with `fields.balance` (a decimal string); `gas_budget_too_high`; `transaction_rejected`;
   * `chain_unavailable` after `request_timeout`; `cancelled`
   */
  submitCommitment(commitment: Commitment, options: SubmitOptions): Promise<CommitmentReceipt>;
  /**
   * Asks the chain to settle a ticket that is due, or to go on with it: to slash those that are silent and sample
   * others, or to put it in dispute. Goes after all commitments that wait. Where a simulation shows that it would
   * do nothing, nothing is sent.
   * @throws AtomaError `ticket_gone` where the chain no longer knows the ticket; `settlement_rejected` with the
   * contract's abort code in `fields.abortCode`; `unsupported_contract` where it has no such function;
   * `out_of_gas`, `gas_budget_too_high`, `transaction_rejected`, `chain_unavailable`, `cancelled`
   */
  tryToSettle(ticketId: string, options: DutyOptions): Promise<SettleReceipt>;
  /**
   * Settles a disputed ticket, as an oracle of its echelon. Goes after all commitments that wait.
   * @returns the transaction's digest
   * @throws AtomaError `not_ready_to_settle` before the ticket has timed out; `not_an_oracle`; else as
   * {@link Chain.tryToSettle}
   */
  settleDispute(verdict: OracleVerdict, options: DutyOptions): Promise<string>;
  /**
   * The verdict that a transaction carried by which an oracle settled a dispute; undefined where the endpoint does
   * not have it, or it carried none.
   * @throws AtomaError `chain_unavailable`
   */
  readVerdict(digest: string, signal: AbortSignal): Promise<OracleVerdict | undefined>;
  /**
   * A ticket as it lies on the chain; undefined where there is none, or none any more.
   * @throws AtomaError `chain_unavailable`
   */
  readTicket(ticketId: string, signal: AbortSignal): Promise<TicketOnChain | undefined>;
  /**
   * Reads the wallet's balance anew.
   * @throws AtomaError `chain_unavailable`
   */
  refreshGas(signal: AbortSignal): Promise<GasStatus>;
  /**
   * The prompt event of a ticket, searched from the newest event back; undefined where the endpoint's history
   * does not have it.
   * @throws AtomaError `chain_unavailable`
   */
  findPrompt(ticketId: string, signal: AbortSignal): Promise<PromptEvent | undefined>;
  /**
   * The contract's events from one checkpoint to another, both included, oldest first; without an end, up to
   * the newest.
   * @throws AtomaError `history_pruned`, `chain_unavailable`
   */
  history(range: {
    readonly from: bigint;
    readonly to: bigint | undefined;
    readonly signal: AbortSignal;
  }): AsyncIterable<readonly ChainEvent[]>;
  /**
   * What became of a transaction; `unknown` where the endpoint does not have it.
   * @throws AtomaError `chain_unavailable`
   */
  transactionOutcome(digest: string, signal: AbortSignal): Promise<'succeeded' | 'failed' | 'unknown'>;
  close(): Promise<void>;
}
