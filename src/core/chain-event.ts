import type { PromptParams } from './prompt.js';

/** What every event of the contract carries, whichever chain it comes from. */
interface EventOrigin {
  /** Unique on its chain: transaction digest and position in it, `digest:index`. */
  readonly id: string;
  /** When the chain made it, in ms since 1970, where that is known. */
  readonly timestampMs: number | undefined;
  /** Sequence number of the checkpoint it is in, where the chain says so. */
  readonly checkpoint: bigint | undefined;
}

/** A text2text prompt for the nodes in `nodes`, in leaf order. */
export interface PromptEvent extends EventOrigin {
  readonly kind: 'prompt';
  readonly ticketId: string;
  readonly params: PromptParams;
  /** How many leaves the commitment has; at least 1 and at least `nodes.length`. */
  readonly chunksCount: bigint;
  readonly nodes: readonly bigint[];
  readonly outputDestination: Uint8Array;
}

/** A prompt of a modality that this node does not run; its ticket may still concern the node. */
export interface UnsupportedPromptEvent extends EventOrigin {
  readonly kind: 'unsupported_prompt';
  readonly ticketId: string;
  readonly modality: string;
  readonly model: string;
  readonly chunksCount: bigint;
  readonly nodes: readonly bigint[];
  readonly outputDestination: Uint8Array;
}

/** The chain sampled more nodes for a ticket, each with its leaf index. */
export interface NewNodesEvent extends EventOrigin {
  readonly kind: 'new_nodes';
  readonly ticketId: string;
  readonly newNodes: readonly { readonly nodeId: bigint; readonly order: bigint }[];
}

export interface FirstSubmissionEvent extends EventOrigin {
  readonly kind: 'first_submission';
  readonly ticketId: string;
  readonly nodeId: bigint;
}

/** The rounds of a ticket in which nodes did not commit in time. */
export interface TimeoutInfo {
  /** How many rounds timed out. */
  readonly timedOutCount: bigint;
  readonly timeoutMs: bigint;
  readonly startedInEpoch: bigint;
  /** When that epoch began, ms since 1970. */
  readonly epochStartedAtMs: bigint;
}

/** The nodes of a ticket differ, or were silent for too many rounds. */
export interface DisputeEvent extends EventOrigin {
  readonly kind: 'dispute';
  readonly ticketId: string;
  /** undefined where the nodes' commitments differ. */
  readonly timeout: TimeoutInfo | undefined;
}

export interface SettledEvent extends EventOrigin {
  readonly kind: 'settled';
  readonly ticketId: string;
  readonly oracleNodeId: bigint | undefined;
}

export interface RetrySettlementEvent extends EventOrigin {
  readonly kind: 'retry_settlement';
  readonly ticketId: string;
  readonly nodesInEchelon: bigint;
}

/** A node joined an echelon of a model: from then on it may be sampled for the model's prompts. */
export interface NodeSubscribedEvent extends EventOrigin {
  readonly kind: 'node_subscribed';
  readonly nodeId: bigint;
  readonly model: string;
  readonly echelon: bigint;
}

/** An event of the contract that a node has nothing to do for, such as registrations. */
export interface OtherEvent extends EventOrigin {
  readonly kind: 'other';
  readonly type: string;
}

/** An event that could not be read: wrong bytes, or more of them than its type has. */
export interface UndecodableEvent extends EventOrigin {
  readonly kind: 'undecodable';
  readonly type: string;
  readonly reason: string;
}

export type ChainEvent =
  | PromptEvent
  | UnsupportedPromptEvent
  | NewNodesEvent
  | FirstSubmissionEvent
  | DisputeEvent
  | SettledEvent
  | RetrySettlementEvent
  | NodeSubscribedEvent
  | OtherEvent
  | UndecodableEvent;

/** Whether an event gives a node a ticket: as one of the nodes sampled for its prompt, or sampled later. */
export function givesTicketTo(
  event: ChainEvent,
  smallId: bigint,
): event is PromptEvent | UnsupportedPromptEvent | NewNodesEvent {
  if (event.kind === 'new_nodes') return event.newNodes.some(({ nodeId }) => nodeId === smallId);
  return (event.kind === 'prompt' || event.kind === 'unsupported_prompt') && event.nodes.includes(smallId);
}
