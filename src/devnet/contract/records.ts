/** A registered node. Amounts are in the smallest unit of TOMA. */
export interface Node {
  readonly smallId: bigint;
  readonly badgeId: string;
  readonly collateral: bigint;
  readonly disabledInEpoch: bigint | undefined;
  /** Model and the echelon of it. */
  readonly subscriptions: readonly { readonly model: string; readonly echelon: bigint }[];
  /** Fees that can be drawn. */
  readonly availableFee: bigint;
  /** The last epoch in which it earned, and what it earned then: drawn only after that epoch. */
  readonly lastFeeEpoch: bigint;
  readonly lastFeeEpochAmount: bigint;
}

/** Nodes that give the same outputs for a model, and their terms. */
export interface Echelon {
  readonly id: bigint;
  readonly inputFeePerToken: bigint;
  readonly outputFeePerToken: bigint;
  readonly relativePerformance: bigint;
  readonly settlementTimeoutMs: bigint;
  /** Small ids of those who settle its disputes; none of them is sampled for its prompts. */
  readonly oracles: readonly bigint[];
  /** Small ids, in the order of the contract's `TableVec`. */
  readonly nodes: readonly bigint[];
}

export interface Model {
  readonly name: string;
  /** 0 text2text, 1 text2image */
  readonly modality: bigint;
  readonly disabled: boolean;
  readonly echelons: readonly Echelon[];
}

/** A prompt being settled. Amounts are in the smallest unit of TOMA. */
export interface TicketRecord {
  readonly id: string;
  /** Who gets back what is not spent. */
  readonly payer: string;
  readonly model: string;
  readonly echelon: bigint;
  readonly inputFeePerToken: bigint;
  readonly outputFeePerToken: bigint;
  readonly settlementTimeoutMs: bigint;
  readonly round: Round;
  /** Rounds that ended with a node silent. */
  readonly timedOutCount: bigint;
  /** By leaf index: who was asked for it. */
  readonly places: readonly Place[];
  /** Small ids of silent nodes that others stand in for. */
  readonly replaced: readonly bigint[];
  /** How many leaves the root is made of: more than there are places where others may be asked later. */
  readonly chunks: number;
  /** Where cross-validation waits for nodes: how many the echelon must have for it. */
  readonly retryAtNodes: bigint | undefined;
  /** What the first node to commit claimed. */
  readonly claim: Claim | undefined;
  readonly dispute: DisputeReason | undefined;
  /** What the payer deposited. */
  readonly held: bigint;
}

/** Commitments differ, among themselves or from their root; or nobody is left to ask. */
export type DisputeReason = 'difference' | 'timeout';

/** The time that sampled nodes have, from when the last of them were sampled. */
export interface Round {
  readonly epoch: bigint;
  /** When that epoch began, ms since 1970. */
  readonly epochStartMs: number;
  /** When the nodes were sampled, ms since 1970. */
  readonly startedAtMs: number;
}

/** One leaf of a ticket. */
export interface Place {
  /** Small id. */
  readonly node: bigint;
  /** undefined while the node is silent. */
  readonly answer: Answer | undefined;
}

/** Token counts and root of a commitment. */
export interface Claim {
  readonly inputTokens: bigint;
  readonly outputTokens: bigint;
  readonly root: Uint8Array;
}

/** A whole commitment. */
export interface Answer extends Claim {
  readonly leaf: Uint8Array;
}

/** How a ticket came out: who got what. Amounts are in the smallest unit of TOMA. */
export interface SettledTicket {
  readonly ticketId: string;
  /** Small id of the oracle that decided, where one had to. */
  readonly oracle: bigint | undefined;
  readonly paid: readonly { readonly smallId: bigint; readonly amount: bigint }[];
  /** What the payer got back. */
  readonly refunded: bigint;
}

/** Collateral that a node lost. */
export interface Slash {
  readonly ticketId: string;
  readonly smallId: bigint;
  /** In the smallest unit of TOMA. */
  readonly amount: bigint;
  /** `timeout`: it was silent; `dispute`: an oracle found its commitment wrong. */
  readonly reason: 'timeout' | 'dispute';
}
