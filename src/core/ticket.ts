import type { CompletionTimings, FinishReason } from './completion.js';
import type { ErrorData } from './errors.js';
import type { PromptParams } from './prompt.js';

/**
 * Where a ticket stands. `received → running → answered → committing → committed → settled` is the way of
 * a ticket that goes well; the last three states end it without a payment for this node.
 */
export type TicketState =
  | 'received'
  | 'running'
  | 'answered'
  | 'committing'
  | 'committed'
  | 'settled'
  | 'disputed'
  | 'skipped'
  | 'failed';

/** One state a ticket was in, since when (ms since 1970), and why. */
export interface TicketStep {
  readonly state: TicketState;
  readonly atMs: number;
  readonly reason: string | undefined;
}

/** What was answered and committed. */
export interface TicketAnswer {
  readonly text: string;
  readonly tokens: readonly number[];
  readonly inputTokens: number;
  /** See {@link Completion.promptTokens}; empty in answers of journals that did not keep them. */
  readonly promptTokens: readonly number[];
  readonly outputTokens: number;
  readonly finishReason: FinishReason;
  readonly timings: CompletionTimings;
  /** Hex, 64 digits. */
  readonly root: string;
  /** Hex, 64 digits: this node's own leaf. */
  readonly leaf: string;
  readonly tokensPerSecond: number;
  /** Id of the {@link NumericProfile} that it was made with; empty where the journal did not keep it. */
  readonly profile: string;
}

/** A prompt that the chain gave this node. */
export interface Ticket {
  readonly id: string;
  /** The chain event that brought it. */
  readonly eventId: string;
  readonly params: PromptParams;
  readonly leafIndex: bigint;
  readonly chunksCount: bigint;
  readonly outputDestination: Uint8Array;
  /** When the node saw the event, ms since 1970. */
  readonly receivedAtMs: number;
  /** When the chain may stop waiting for this node's commitment, ms since 1970. */
  readonly deadlineMs: number;
  readonly firstTokenAtMs: number | undefined;
  readonly state: TicketState;
  readonly history: readonly TicketStep[];
  readonly answer: TicketAnswer | undefined;
  /** Digest of the transaction that committed, where this node sent it. */
  readonly digest: string | undefined;
  readonly error: ErrorData | undefined;
  /** Committed, or given up, after its deadline. */
  readonly late: boolean;
}
