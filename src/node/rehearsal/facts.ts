import type { Ticket } from '../../core/index.js';

/** What a node of a rehearsal is there for. */
export type Role = 'honest' | 'liar' | 'oracle';

/** What one node did for one ticket it was sampled for. */
export interface NodePart {
  readonly smallId: bigint;
  /** As the node's own journal has it; undefined where it never saw the ticket. */
  readonly ticket: Ticket | undefined;
  /** When its commitment stood on the chain, ms since 1970 by the chain's clock; undefined where none does. */
  readonly committedAtMs: number | undefined;
  /** What it was paid, in the smallest unit of TOMA; undefined where it was not. */
  readonly paid: bigint | undefined;
}

/** What became of one prompt. */
export interface TicketFacts {
  readonly ticketId: string;
  readonly isSampled: boolean;
  /** Of the nodes that were to answer. */
  readonly parts: readonly NodePart[];
  readonly settled: boolean;
  readonly disputed: boolean;
  /** Small id of the oracle that decided, where one had to. */
  readonly oracle: bigint | undefined;
}

/** A node's account at the end, in the smallest unit of TOMA. */
export interface NodeFacts {
  readonly smallId: bigint;
  readonly role: Role;
  readonly earned: bigint;
  /** Of its collateral. */
  readonly lost: bigint;
  /** What is left of its collateral. */
  readonly collateral: bigint;
}

/** What a rehearsal showed. */
export interface RehearsalFacts {
  readonly tickets: readonly TicketFacts[];
  readonly nodes: readonly NodeFacts[];
  /** In the smallest unit of TOMA. */
  readonly fees: { readonly perInputToken: bigint; readonly perOutputToken: bigint };
}
