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

/** A prompt being settled. */
export interface TicketRecord {
  readonly id: string;
  /** Who gets back what is not spent. */
  readonly payer: string;
  readonly model: string;
  readonly echelon: bigint;
  readonly inputFeePerToken: bigint;
  readonly outputFeePerToken: bigint;
  readonly settlementTimeoutMs: bigint;
  readonly startedInEpoch: bigint;
  readonly startedAtMs: number;
  /** Small ids in leaf order. */
  readonly nodes: readonly bigint[];
  /** How many leaves the root is made of: more than there are nodes where others may be asked later. */
  readonly chunks: number;
  /** Leaves by their index; undefined where the node has not committed. */
  readonly leaves: readonly (Uint8Array | undefined)[];
  /** What the first node to commit claimed. */
  readonly claim: Claim | undefined;
  readonly disputed: boolean;
  /** What the payer deposited. */
  readonly held: bigint;
}

/** Token counts and root of a commitment. */
export interface Claim {
  readonly inputTokens: bigint;
  readonly outputTokens: bigint;
  readonly root: Uint8Array;
}
