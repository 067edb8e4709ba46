import type { Logger } from 'pino';
import type {
  ChainEvent,
  DisputeEvent,
  NewNodesEvent,
  RetrySettlementEvent,
  SettledEvent,
  TicketObserver,
  UnsupportedPromptEvent,
} from '../../core/index.js';
import { type Journal, OPEN_STATES } from '../../tickets/index.js';
import { askAt, askForTicketAt } from './timing.js';

export interface SettlementIntakeOptions {
  readonly smallId: bigint;
  /** How long the chain waits for a commitment, ms. */
  readonly settlementTimeoutMs: number;
  /** Whether the node judges disputes. */
  readonly oracle: boolean;
}

/** What events ask of the rest of the node, once they are written. */
export interface SettlementListener {
  /** The chain waits for this node's commitment no longer. */
  readonly onReplaced: (ticketId: string) => void;
  /** Another oracle has settled a dispute. */
  readonly onSettled: (ticketId: string) => void;
  /** The journal holds what may be due at once. */
  readonly onDue: () => void;
}

interface Modules {
  readonly journal: Journal;
  readonly listener: SettlementListener;
  readonly observer?: TicketObserver | undefined;
  readonly logger: Logger;
}

/** What is to be done when the batch that an event came in is on the disk. */
type Afterwards = () => void;

/** Writes what the chain's events say of settlements into the journal. */
export class SettlementIntake {
  readonly #options: SettlementIntakeOptions;
  readonly #modules: Modules;

  constructor(options: SettlementIntakeOptions, modules: Modules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Whether the node owes something from an event on. */
  asksForWork(event: ChainEvent): boolean {
    return event.kind === 'dispute' && this.#options.oracle;
  }

  /** Called in the transaction that writes the batch. */
  apply(event: ChainEvent): Afterwards | undefined {
    switch (event.kind) {
      case 'new_nodes':
        return this.#newNodes(event);
      case 'dispute':
        return this.#disputed(event);
      case 'settled':
        return this.#settled(event);
      case 'retry_settlement':
        return this.#lacksNodes(event);
      case 'node_subscribed':
        return this.#nodeJoined(event.model);
      case 'unsupported_prompt':
        return this.#unsupported(event);
      default:
        return undefined;
    }
  }

  /** Others were sampled: for this node's own leaf where it was silent, or beside it, for a round more. */
  #newNodes(event: NewNodesEvent): Afterwards | undefined {
    const { journal, listener, observer, logger } = this.#modules;
    const { smallId, settlementTimeoutMs } = this.#options;
    const { ticketId, newNodes } = event;
    const deadlineMs = (event.timestampMs ?? Date.now()) + settlementTimeoutMs;
    journal.settlements.defer(ticketId, askAt(deadlineMs, settlementTimeoutMs));
    const ticket = journal.get(ticketId);
    if (ticket === undefined || !OPEN_STATES.includes(ticket.state)) return undefined;
    const successor = newNodes.find(({ order, nodeId }) => order === ticket.leafIndex && nodeId !== smallId);
    if (successor === undefined) return undefined;
    const { nodeId } = successor;
    const message = `timed out: the chain has slashed this node and given its place to node ${nodeId}`;
    const fields = { successor: nodeId.toString() };
    const error = { code: 'ticket_timed_out', message, fields };
    journal.step(ticketId, 'failed', { reason: message, error });
    return () => {
      observer?.onTicket(ticketId, { kind: 'failed', error });
      logger.error({ ticket: ticketId, ...fields }, message);
      listener.onReplaced(ticketId);
    };
  }

  #disputed(event: DisputeEvent): Afterwards | undefined {
    const { journal, listener, observer, logger } = this.#modules;
    const { oracle } = this.#options;
    const { ticketId } = event;
    const cause = causeOf(event);
    journal.settlements.drop(ticketId);
    const state = journal.get(ticketId)?.state;
    const isOwn = state !== undefined && state !== 'settled';
    // Until the oracle speaks the contract takes what this node has still to say, and slashes it if it is silent.
    const isDisputed =
      isOwn && !OPEN_STATES.includes(state) && journal.step(ticketId, 'disputed', { reason: cause });
    if (!isOwn && !oracle) return undefined;
    const nowMs = Date.now();
    journal.disputes.open(ticketId, cause, event.timestampMs ?? nowMs, oracle ? nowMs : undefined);
    return () => {
      if (isDisputed) observer?.onTicket(ticketId, { kind: 'disputed' });
      const bound = journal.commitment(ticketId);
      const own = bound && {
        root: Buffer.from(bound.root).toString('hex'),
        inputTokens: Number(bound.inputTokens),
        outputTokens: Number(bound.outputTokens),
      };
      if (isOwn) logger.error({ ticket: ticketId, own }, `the ticket is disputed: ${cause}`);
      else logger.info({ ticket: ticketId }, `a ticket of others is disputed: ${cause}`);
      listener.onDue();
    };
  }

  #settled({ ticketId, oracleNodeId, id }: SettledEvent): Afterwards | undefined {
    const { journal, listener } = this.#modules;
    const isMine = oracleNodeId === this.#options.smallId;
    journal.settlements.drop(ticketId);
    const canCompare = oracleNodeId !== undefined && journal.commitment(ticketId) !== undefined;
    const dueMs = canCompare ? Date.now() : undefined;
    const isKnown = journal.disputes.end(ticketId, { settlement: id, oracleNodeId, dueMs });
    if (!isKnown) return undefined;
    // The answer to the transaction may be lost, or the process that waited for it.
    if (isMine) journal.disputes.sent(ticketId, transactionOf(id));
    return () => {
      if (!isMine) listener.onSettled(ticketId);
      listener.onDue();
    };
  }

  #lacksNodes({ ticketId, nodesInEchelon }: RetrySettlementEvent): Afterwards | undefined {
    const { journal, logger } = this.#modules;
    const ticket = journal.commitment(ticketId) && journal.get(ticketId);
    if (ticket === undefined) return undefined;
    // It can come with the very transaction that commits, before the answer to that has been written.
    journal.settlements.await(ticketId, ticket.params.model, askForTicketAt(ticket));
    journal.settlements.lacksNodes(ticketId);
    return () =>
      logger.warn(
        { ticket: ticketId, nodesInEchelon: nodesInEchelon.toString() },
        'the echelon has too few nodes to settle the ticket; it is tried again when a node joins',
      );
  }

  #nodeJoined(model: string): Afterwards | undefined {
    const { journal, listener } = this.#modules;
    const dueMs = askAt(Date.now(), this.#options.settlementTimeoutMs);
    return journal.settlements.nodeJoined(model, dueMs) ? () => listener.onDue() : undefined;
  }

  #unsupported(event: UnsupportedPromptEvent): Afterwards | undefined {
    const { journal, observer, logger } = this.#modules;
    const { smallId, settlementTimeoutMs } = this.#options;
    const leafIndex = event.nodes.indexOf(smallId);
    if (leafIndex < 0) return undefined;
    const { ticketId, model, modality } = event;
    const reason = `${modality} prompts cannot be run by this node`;
    const deadlineMs = (event.timestampMs ?? Date.now()) + settlementTimeoutMs;
    journal.skip(event, BigInt(leafIndex), deadlineMs, reason);
    return () => {
      observer?.onTicket(ticketId, {
        kind: 'skipped',
        error: { code: 'unsupported', message: reason, fields: {} },
      });
      logger.warn({ ticket: ticketId, model }, `skipped: ${reason}`);
    };
  }
}

function causeOf({ timeout }: DisputeEvent): string {
  if (timeout === undefined) return 'the commitments of its nodes differ';
  return `its nodes were silent in ${timeout.timedOutCount} rounds of ${timeout.timeoutMs} ms`;
}

/** The transaction of an event, by the event's id. */
export function transactionOf(eventId: string): string {
  return eventId.replace(/:\d+$/, '');
}
