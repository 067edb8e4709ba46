import type { Logger } from 'pino';
import type { Chain, ChainBatch } from '../chain/index.js';
import {
  type AtomaError,
  type ChainEvent,
  givesTicketTo,
  type NewNodesEvent,
  type PromptEvent,
  type SettledEvent,
} from '../core/index.js';
import { type CursorScope, isJournalError, type Journal } from '../tickets/index.js';
import { untilWritten } from './durable-write.js';
import type { SettlementIntake } from './settlement/settlement-intake.js';

export interface EventIntakeOptions {
  readonly smallId: bigint;
  /** How long the chain waits for a commitment, ms. */
  readonly settlementTimeoutMs: number;
  readonly scope: CursorScope;
  /** Go on where the endpoint has thrown events away that were still to be read. */
  readonly acceptGap: boolean;
}

/** What a batch means for the rest of the node, once it is written. */
export interface IntakeListener {
  /**
   * Tickets that are new in the journal.
   * @param seenAtMs when their events were seen, ms since 1970
   */
  readonly onTickets: (ids: readonly string[], seenAtMs: number) => void;
  /** A ticket that needs no more work: it has settled. */
  readonly onSettled: (id: string) => void;
  /** The journal holds samplings whose prompt is not known. */
  readonly onSamplings: () => void;
}

interface Modules {
  readonly chain: Chain;
  readonly journal: Journal;
  readonly settlements: Pick<SettlementIntake, 'apply' | 'asksForWork'>;
  readonly listener: IntakeListener;
  readonly logger: Logger;
}

/** What a batch has changed; acted upon only when the batch is on the disk. */
interface Outcome {
  readonly opened: string[];
  readonly settled: string[];
  samplings: boolean;
  readonly says: (() => void)[];
}

/**
 * A cursor without events saves nothing but reading quiet history again: it need not be written several times
 * a second, as often as checkpoints come.
 */
const QUIET_CURSOR_INTERVAL_MS = 1000;

/** What the journal's cursor is about: a chain, and the package whose events are followed. */
export function cursorScope(chain: Chain, packageId: string): CursorScope {
  return scopeOf(chain.name, chain.status().chainId, packageId);
}

/** As {@link cursorScope}, of a chain that is not connected. */
export function scopeOf(chain: string, chainId: string | undefined, packageId: string): CursorScope {
  return { chain: `${chain}:${chainId}`, filter: `package:${packageId}` };
}

/** Chain events into the journal: each batch and the cursor after it in one transaction. */
export class EventIntake {
  readonly #options: EventIntakeOptions;
  readonly #modules: Modules;
  /** Resolves once {@link EventIntake.started}. */
  readonly begun: Promise<void>;
  readonly #begin: () => void;
  #cursorAt = Number.NEGATIVE_INFINITY;
  #fault: AtomaError | undefined;

  constructor(options: EventIntakeOptions, modules: Modules) {
    this.#options = options;
    this.#modules = modules;
    let begin: () => void = () => undefined;
    this.begun = new Promise((resolve) => {
      begin = resolve;
    });
    this.#begin = begin;
  }

  /** Whether a place in the chain's history has been written, so that nothing after it can be lost. */
  get started(): boolean {
    return this.#cursorAt !== Number.NEGATIVE_INFINITY;
  }

  /** Why the newest batch cannot be written yet; undefined where it was. */
  get fault(): AtomaError | undefined {
    return this.#fault;
  }

  /**
   * Follows the chain until `signal` aborts.
   * @throws AtomaError where the chain cannot be followed at all.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { chain, journal, logger } = this.#modules;
    const { scope, acceptGap } = this.#options;
    const after = journal.cursor(scope);
    if (after === undefined) this.#sayWhyTip();
    else logger.info(scope, 'reading on from the journal');
    for await (const batch of chain.follow({ after, acceptGap, signal })) {
      if (batch.events.length === 0 && performance.now() - this.#cursorAt < QUIET_CURSOR_INTERVAL_MS)
        continue;
      const seenAtMs = Date.now();
      try {
        this.#act(await untilWritten(() => this.#tryWrite(batch), { signal, logger }), seenAtMs);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      this.#cursorAt = performance.now();
      this.#begin();
    }
  }

  #tryWrite(batch: ChainBatch): Outcome {
    try {
      const outcome = this.#write(batch);
      this.#fault = undefined;
      return outcome;
    } catch (error) {
      if (isJournalError(error)) this.#fault = error;
      throw error;
    }
  }

  #sayWhyTip(): void {
    const { journal, logger } = this.#modules;
    const { scope } = this.#options;
    const before = journal.cursorScopes();
    if (before.length === 0) logger.info(scope, "no cursor yet: starting at the chain's tip");
    else {
      logger.warn(
        { ...scope, before },
        'the journal was read on another chain or for another package so far: starting at the tip of this one',
      );
    }
  }

  #write({ events, cursor }: ChainBatch): Outcome {
    const { journal } = this.#modules;
    const outcome: Outcome = { opened: [], settled: [], samplings: false, says: [] };
    journal.transaction(
      () => {
        for (const event of events) this.#apply(event, outcome);
        journal.setCursor(this.#options.scope, cursor);
      },
      events.some((event) => this.#asksForWork(event)) ? 'disk' : 'process',
    );
    return outcome;
  }

  /**
   * Whether the node owes something from here on. Everything else is read from the chain again where a power
   * cut takes it away, together with the cursor after it.
   */
  #asksForWork(event: ChainEvent): boolean {
    if (this.#modules.settlements.asksForWork(event)) return true;
    return event.kind !== 'unsupported_prompt' && givesTicketTo(event, this.#options.smallId);
  }

  #act({ opened, settled, samplings, says }: Outcome, seenAtMs: number): void {
    const { listener } = this.#modules;
    for (const say of says) say();
    for (const id of settled) listener.onSettled(id);
    if (opened.length > 0) listener.onTickets(opened, seenAtMs);
    if (samplings) listener.onSamplings();
  }

  #apply(event: ChainEvent, outcome: Outcome): void {
    const { journal, settlements, logger } = this.#modules;
    const { smallId } = this.#options;
    if (event.kind === 'prompt') this.#prompt(event, outcome);
    else if (event.kind === 'new_nodes') this.#sampled(event, outcome);
    else if (event.kind === 'settled') this.#settled(event, outcome);
    else if (event.kind === 'first_submission') {
      if (event.nodeId === smallId && journal.commitment(event.ticketId) === undefined) {
        outcome.says.push(() => alarmOfTwin(logger, event.ticketId));
      }
    }
    const afterwards = settlements.apply(event);
    if (afterwards !== undefined) outcome.says.push(afterwards);
  }

  #settled({ ticketId, oracleNodeId }: SettledEvent, { settled }: Outcome): void {
    const { journal } = this.#modules;
    journal.dropPrompt(ticketId);
    journal.dropSampling(ticketId);
    const change =
      oracleNodeId === undefined ? {} : { reason: `settled by the oracle, node ${oracleNodeId}` };
    if (journal.step(ticketId, 'settled', change)) settled.push(ticketId);
  }

  #prompt(event: PromptEvent, outcome: Outcome): void {
    const { journal } = this.#modules;
    journal.keepPrompt(event);
    const leafIndex = event.nodes.indexOf(this.#options.smallId);
    if (leafIndex >= 0 && journal.open(event, BigInt(leafIndex), this.#deadline(event))) {
      outcome.opened.push(event.ticketId);
    }
  }

  #sampled(event: NewNodesEvent, outcome: Outcome): void {
    const { journal } = this.#modules;
    const mine = event.newNodes.find(({ nodeId }) => nodeId === this.#options.smallId);
    if (mine === undefined) return;
    const { ticketId } = event;
    const prompt = journal.findPrompt(ticketId);
    const deadlineMs = this.#deadline(event);
    if (prompt === undefined) {
      journal.addSampling({ ticketId, leafIndex: mine.order, deadlineMs });
      outcome.samplings = true;
    } else if (journal.open(prompt, mine.order, deadlineMs)) outcome.opened.push(ticketId);
  }

  #deadline(event: ChainEvent): number {
    return (event.timestampMs ?? Date.now()) + this.#options.settlementTimeoutMs;
  }
}

/** Somebody else signs with this node's badge: two nodes that differ in one float lose the collateral. */
export function alarmOfTwin(logger: Logger, ticketId: string): void {
  logger.fatal(
    { ticket: ticketId, alarm: 'foreign_commitment' },
    'ALARM: a commitment of this badge is on chain that this node did not make; another node runs with the same badge. Stop one of them.',
  );
}
