import type { Logger } from 'pino';
import { type Chain, commitmentLeaf, commitmentRoot, MAX_CHUNKS } from '../chain/index.js';
import {
  AtomaError,
  type ChainEvent,
  type Completion,
  checkPromptParams,
  messageOf,
  type PromptEvent,
  type Ticket,
  type TokenFrame,
  toErrorData,
  tokensPerSecond,
} from '../core/index.js';
import type { Scheduler } from '../scheduler/index.js';
import type { TicketBook } from '../tickets/index.js';
import type { TokenStreams } from './token-streams.js';

export interface TicketFlowOptions {
  readonly smallId: bigint;
  /** How long the chain waits for a commitment, ms; the contract's default where the echelon's is not known. */
  readonly settlementTimeoutMs: number;
}

/** The contract gives an echelon 60 s at first. */
export const SETTLEMENT_TIMEOUT_MS = 60_000;

interface Modules {
  readonly chain: Chain;
  readonly tickets: TicketBook;
  readonly scheduler: Scheduler;
  readonly streams: TokenStreams;
  readonly logger: Logger;
}

/** Refusals that say something of the prompt, not of the node: the ticket is skipped, not failed. */
const SKIPPING: ReadonlySet<string> = new Set([
  'invalid_params',
  'prompt_too_long',
  'unknown_model',
  'unsupported',
]);

/** A ticket's way through the node: event → schedule → answer → commitment → settlement. */
export class TicketFlow {
  readonly #options: TicketFlowOptions;
  readonly #modules: Modules;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #abort = new AbortController();

  constructor(options: TicketFlowOptions, modules: Modules) {
    this.#options = options;
    this.#modules = modules;
  }

  /**
   * Follows the chain until `signal` aborts.
   * @throws AtomaError where the chain cannot be followed at all.
   */
  async follow(signal: AbortSignal): Promise<void> {
    for await (const { events } of this.#modules.chain.follow({
      after: undefined,
      acceptGap: false,
      signal,
    })) {
      for (const event of events) this.#receive(event);
    }
  }

  /** Waits for the tickets in flight, but no longer than `graceMs`; those left are given up. */
  async drain(graceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#abort.abort(), graceMs);
    await Promise.allSettled(this.#inFlight);
    clearTimeout(timer);
  }

  #receive(event: ChainEvent): void {
    const { tickets, logger } = this.#modules;
    const { smallId } = this.#options;
    if (event.kind === 'prompt') this.#prompt(event);
    else if (event.kind === 'settled') tickets.step(event.ticketId, 'settled');
    else if (event.kind === 'dispute') {
      if (tickets.step(event.ticketId, 'disputed', { reason: 'the nodes of the ticket do not agree' })) {
        logger.error({ ticket: event.ticketId }, 'the ticket is disputed');
      }
    } else if (event.kind === 'unsupported_prompt' && event.nodes.includes(smallId)) {
      logger.warn(
        { ticket: event.ticketId, model: event.model },
        `skipped: ${event.modality} prompts cannot be run`,
      );
    } else if (event.kind === 'new_nodes' && event.newNodes.some(({ nodeId }) => nodeId === smallId)) {
      logger.warn(
        { ticket: event.ticketId },
        'skipped: sampled later for a ticket, which is not supported yet',
      );
    }
  }

  #prompt(event: PromptEvent): void {
    const leafIndex = event.nodes.indexOf(this.#options.smallId);
    if (leafIndex < 0) return;
    const deadlineMs = (event.timestampMs ?? Date.now()) + this.#options.settlementTimeoutMs;
    const ticket = this.#modules.tickets.open(event, BigInt(leafIndex), deadlineMs);
    if (ticket === undefined) return;
    const work = this.#process(ticket, deadlineMs).finally(() => this.#inFlight.delete(work));
    this.#inFlight.add(work);
  }

  async #process(ticket: Ticket, deadlineMs: number): Promise<void> {
    const { tickets, streams, logger } = this.#modules;
    const stream = streams.open({ kind: 'ticket', id: ticket.id });
    let completion: Completion;
    try {
      completion = await this.#answer(ticket, deadlineMs, stream.push);
    } catch (error) {
      this.#giveUp(ticket, error);
      stream.end({ ok: false, error: toErrorData(error) });
      return;
    }
    stream.end({ ok: true, completion });
    try {
      await this.#commit(ticket, completion);
    } catch (error) {
      this.#giveUp(ticket, error);
      return;
    }
    const done = tickets.get(ticket.id);
    logger.info(
      {
        ticket: ticket.id,
        model: ticket.params.model,
        inputTokens: completion.inputTokens,
        outputTokens: completion.tokens.length,
        root: done?.answer?.root,
        digest: done?.digest,
        ms: Date.now() - ticket.receivedAtMs,
      },
      'committed',
    );
  }

  async #answer(ticket: Ticket, deadlineMs: number, push: (frame: TokenFrame) => void): Promise<Completion> {
    const { tickets, scheduler } = this.#modules;
    checkPromptParams(ticket.params);
    if (ticket.chunksCount > MAX_CHUNKS || ticket.chunksCount <= ticket.leafIndex) {
      throw new AtomaError(
        'unsupported',
        `chunks_count is ${ticket.chunksCount}, wanted ${ticket.leafIndex + 1n} to ${MAX_CHUNKS}`,
      );
    }
    let first = true;
    const { completion } = await scheduler.submit(
      { id: ticket.id, params: ticket.params },
      { kind: 'ticket', deadlineMs },
      {
        signal: this.#abort.signal,
        onStart: () => tickets.step(ticket.id, 'running'),
        onTokens: (frame) => {
          if (first) tickets.firstToken(ticket.id);
          first = false;
          push(frame);
        },
      },
    );
    return completion;
  }

  async #commit(ticket: Ticket, completion: Completion): Promise<void> {
    const { tickets, chain } = this.#modules;
    const data = new TextEncoder().encode(completion.text);
    const root = commitmentRoot(data, ticket.chunksCount);
    const leaf = commitmentLeaf(data, ticket.leafIndex);
    tickets.step(ticket.id, 'answered', {
      answer: {
        text: completion.text,
        tokens: completion.tokens,
        inputTokens: completion.inputTokens,
        outputTokens: completion.tokens.length,
        root: Buffer.from(root).toString('hex'),
        leaf: Buffer.from(leaf).toString('hex'),
        tokensPerSecond: tokensPerSecond(completion),
      },
    });
    tickets.step(ticket.id, 'committing');
    const receipt = await chain.submitCommitment(
      {
        ticketId: ticket.id,
        inputTokens: BigInt(completion.inputTokens),
        outputTokens: BigInt(completion.tokens.length),
        root,
        leaf,
      },
      { signal: this.#abort.signal, resend: undefined, onSigned: () => undefined },
    );
    const digest = receipt.digest === undefined ? {} : { digest: receipt.digest };
    // The settlement can be here before the answer to the transaction that caused it.
    if (!tickets.step(ticket.id, 'committed', digest)) tickets.amend(ticket.id, digest);
  }

  #giveUp(ticket: Ticket, error: unknown): void {
    const data = toErrorData(error);
    const state = SKIPPING.has(data.code) ? 'skipped' : 'failed';
    this.#modules.tickets.step(ticket.id, state, { reason: data.message, error: data });
    const log = { ticket: ticket.id, model: ticket.params.model, code: data.code };
    if (state === 'skipped') this.#modules.logger.warn(log, `skipped: ${data.message}`);
    else this.#modules.logger.error(log, `failed: ${messageOf(error)}`);
  }
}
