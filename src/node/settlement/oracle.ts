import type { Logger } from 'pino';
import type { Chain } from '../../chain/index.js';
import {
  AtomaError,
  type Completion,
  checkPromptParams,
  type Dispute,
  messageOf,
  type OracleVerdict,
  type PromptEvent,
  type TicketOnChain,
} from '../../core/index.js';
import type { Scheduler } from '../../scheduler/index.js';
import { isJournalError, type Journal, type Judgement } from '../../tickets/index.js';
import type { GasGate } from '../gas-gate.js';
import { judgementOf } from './findings.js';
import { askAt, retryAt } from './timing.js';

/**
 * An oracle's runs go behind every ticket, for those have deadlines and they have none, and before RPC requests,
 * for they settle other people's money: the lane of tickets, with a deadline that no ticket has.
 */
const RUN_DEADLINE_MS = 24 * 3600 * 1000;
/** Tries to find a prompt, over some minutes: the endpoint's index can trail the stream. */
const MAX_SEARCHES = 8;

/** What can be known of a prompt or of this node at once and will not change by waiting. */
const LEAVING: ReadonlySet<string> = new Set([
  'invalid_params',
  'prompt_too_long',
  'unknown_model',
  'unsupported',
  'unsupported_contract',
  'settlement_rejected',
  'not_an_oracle',
]);

export interface OracleOptions {
  /** How long the chain waits for a commitment, ms. */
  readonly settlementTimeoutMs: number;
}

interface Modules {
  readonly chain: Pick<Chain, 'findPrompt' | 'readTicket' | 'settleDispute'>;
  readonly journal: Journal;
  readonly gas: Pick<GasGate, 'reason'>;
  readonly scheduler: Pick<Scheduler, 'submit'>;
  readonly logger: Logger;
}

/**
 * Judges disputes: runs the prompt, keeps what it found, and tells the chain once the ticket has timed out. What was
 * kept is what is told, also after a crash in between.
 */
export class Oracle {
  readonly #options: OracleOptions;
  readonly #modules: Modules;
  readonly #running = new Map<string, AbortController>();
  /** Echelons whose oracle this node is not, as the contract said: `model#echelon`. */
  readonly #refused = new Set<string>();

  constructor(options: OracleOptions, modules: Modules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Ends the work on a dispute that another oracle has settled. */
  ended(ticketId: string): void {
    this.#running.get(ticketId)?.abort();
  }

  /** Does what is next for a dispute that is due. */
  async attend(dispute: Dispute, signal: AbortSignal): Promise<void> {
    const { ticketId } = dispute;
    const abort = new AbortController();
    const onAbort = (): void => abort.abort();
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    this.#running.set(ticketId, abort);
    try {
      if (dispute.verdict === undefined) await this.#judge(dispute, abort.signal);
      else await this.#send(dispute, dispute.verdict, abort.signal);
    } catch (error) {
      if (isJournalError(error)) throw error;
      if (!abort.signal.aborted) await this.#failed(dispute, error, signal);
    } finally {
      this.#running.delete(ticketId);
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #judge(dispute: Dispute, signal: AbortSignal): Promise<void> {
    const { chain, journal } = this.#modules;
    const { ticketId } = dispute;
    const prompt = journal.findPrompt(ticketId) ?? (await chain.findPrompt(ticketId, signal));
    if (prompt === undefined) {
      this.#searchLater(dispute);
      return;
    }
    const before = await chain.readTicket(ticketId, signal);
    if (this.#refused.has(echelonOf(prompt, before))) {
      journal.disputes.leave(ticketId, "this node is no oracle of the ticket's echelon");
      return;
    }
    const completion = await this.#run(prompt, signal);
    // Who was silent then may have committed while the prompt ran.
    const ticket = await chain.readTicket(ticketId, signal);
    const judgement = judgementOf(ticketId, completion, { chunksCount: prompt.chunksCount, ticket });
    journal.disputes.judge(ticketId, judgement, Date.now());
    this.#say(ticketId, judgement);
  }

  async #run({ ticketId, params }: PromptEvent, signal: AbortSignal): Promise<Completion> {
    checkPromptParams(params);
    // The node may run the same prompt for its own ticket, under the ticket's id.
    const job = { id: `oracle:${ticketId}`, params, reproducible: true };
    const lane = { kind: 'ticket', deadlineMs: Date.now() + RUN_DEADLINE_MS } as const;
    const options = { signal, onTokens: () => undefined };
    return (await this.#modules.scheduler.submit(job, lane, options)).completion;
  }

  async #send(dispute: Dispute, verdict: OracleVerdict, signal: AbortSignal): Promise<void> {
    const { chain, journal, gas, logger } = this.#modules;
    const { ticketId } = dispute;
    if (gas.reason !== undefined) {
      this.#postpone(dispute, gas.reason);
      return;
    }
    const digest = await chain.settleDispute(verdict, { signal });
    journal.disputes.sent(ticketId, digest);
    logger.warn({ ticket: ticketId, digest }, 'oracle: settled a dispute');
  }

  async #failed(dispute: Dispute, error: unknown, signal: AbortSignal): Promise<void> {
    const { logger } = this.#modules;
    const { ticketId } = dispute;
    const code = error instanceof AtomaError ? error.code : 'internal';
    const message = messageOf(error);
    if (code === 'not_an_oracle') await this.#rememberRefusal(ticketId, signal);
    if (code === 'not_ready_to_settle') this.#untilTimedOut(dispute);
    else if (code === 'ticket_gone') this.#postpone(dispute, 'it has settled; the event has still to come');
    else if (LEAVING.has(code)) this.#leave(dispute, message);
    else {
      logger.warn({ ticket: ticketId, code }, `oracle: tries again: ${message}`);
      this.#postpone(dispute, message);
    }
  }

  /** So that no prompt of that echelon is run in vain again. */
  async #rememberRefusal(ticketId: string, signal: AbortSignal): Promise<void> {
    const { chain, journal } = this.#modules;
    // One that was sampled for a ticket may be refused for that ticket alone.
    if (journal.get(ticketId) !== undefined) return;
    const prompt = journal.findPrompt(ticketId);
    const ticket = await chain.readTicket(ticketId, signal).catch(() => undefined);
    if (prompt === undefined || ticket?.echelon === undefined) return;
    this.#refused.add(echelonOf(prompt, ticket));
  }

  #untilTimedOut(dispute: Dispute): void {
    const { settlementTimeoutMs } = this.#options;
    const timedOutMs = askAt(dispute.sinceMs + settlementTimeoutMs, settlementTimeoutMs);
    const dueMs = Math.max(timedOutMs, retryAt(dispute.attempts));
    this.#modules.journal.disputes.postpone(dispute.ticketId, dueMs, 'the ticket has not timed out yet');
  }

  #searchLater(dispute: Dispute): void {
    if (dispute.attempts < MAX_SEARCHES) this.#postpone(dispute, 'its prompt has not been found yet');
    else this.#leave(dispute, "the chain's endpoint does not have its prompt");
  }

  #postpone({ ticketId, attempts }: Dispute, note: string): void {
    this.#modules.journal.disputes.postpone(ticketId, retryAt(attempts), note);
  }

  #leave({ ticketId }: Dispute, note: string): void {
    const { journal, logger } = this.#modules;
    logger.error({ ticket: ticketId }, `oracle: a dispute is left to others: ${note}`);
    journal.disputes.leave(ticketId, note);
  }

  #say(ticketId: string, { verdict, findings, countsAgree }: Judgement): void {
    const wrong = findings.filter(({ found }) => found !== 'agrees');
    const names = wrong.map(({ nodeId, found }) => `node ${nodeId}: ${found.replace('_', ' ')}`);
    if (countsAgree === false) names.push('the token counts of the first commitment differ');
    this.#modules.logger.warn(
      {
        ticket: ticketId,
        root: Buffer.from(verdict.root).toString('hex'),
        inputTokens: Number(verdict.inputTokens),
        outputTokens: Number(verdict.outputTokens),
        wrong: wrong.map(({ nodeId, found }) => ({ node: nodeId.toString(), found })),
      },
      `oracle: judged a dispute: ${names.join(', ') || 'nobody is wrong'}`,
    );
  }
}

function echelonOf({ params }: PromptEvent, ticket: TicketOnChain | undefined): string {
  return `${params.model}#${ticket?.echelon ?? 'unknown'}`;
}
