import type { Logger } from 'pino';
import {
  AtomaError,
  type Commitment,
  type Completion,
  checkPromptParams,
  pause,
  type Ticket,
  type TicketObserver,
  toErrorData,
} from '../core/index.js';
import type { Scheduler } from '../scheduler/index.js';
import { type Journal, OPEN_STATES } from '../tickets/index.js';
import { answerOf, checkChunks, commitmentOf, streamEndOf } from './answer.js';
import type { Committer } from './commit.js';
import { untilWritten } from './durable-write.js';
import type { GasGate } from './gas-gate.js';
import { reportCommitted } from './ticket-report.js';
import type { TokenStreams } from './token-streams.js';
import { Turns } from './turns.js';

export interface TicketFlowOptions {
  /** See {@link ChainSideOptions.alterAnswer}. */
  readonly alterAnswer?: ((completion: Completion) => Completion) | undefined;
}

interface Modules {
  readonly journal: Journal;
  readonly committer: Committer;
  readonly gas: GasGate;
  readonly scheduler: Scheduler;
  readonly streams: TokenStreams;
  readonly observer?: TicketObserver | undefined;
  readonly logger: Logger;
}

/** Refusals that say something of the prompt, not of the node: the ticket is skipped, not failed. */
const SKIPPING: ReadonlySet<string> = new Set([
  'invalid_params',
  'prompt_too_long',
  'unknown_model',
  'unsupported',
]);

/**
 * Ends of a run that say nothing of the ticket, which is run again by another life of the node. A device that
 * died ends the run of a ticket only where the node is stopping: otherwise it is run again at once.
 */
const HANDING_BACK: ReadonlySet<string> = new Set(['cancelled', 'no_device', 'device_died', 'not_ready']);

/** Tickets that are worked on at once; the others wait in the journal, which has room for any number. */
const MAX_IN_FLIGHT = 2000;
/**
 * Tickets whose deadline has passed already take no more than these places: after a long time away there can be
 * thousands, and those that can still make it do not wait for them.
 */
const MAX_IN_FLIGHT_WITH_LATE = MAX_IN_FLIGHT / 2;
/** So many tickets have left when the journal is asked for others: it takes ms to tell. */
const REFILL_PLACES = MAX_IN_FLIGHT / 8;
/** Tickets that are begun in one turn of the event loop, 0.1 ms each: RPC is served in between. */
const BEGUN_PER_TURN = 20;
const BUSY_RETRY_MS = 1000;
const NO_DEVICE_PAUSE_MS = 5000;

/** A ticket's way from the journal through the node: schedule → answer → bind → commit. */
export class TicketFlow {
  readonly #options: TicketFlowOptions;
  readonly #modules: Modules;
  readonly #inFlight = new Map<string, { readonly work: Promise<void>; readonly abort: AbortController }>();
  /** The journal has tickets for which there was no place. */
  #backlog = false;
  /** Places that became free since the journal was asked last. */
  #freed = 0;
  #draining = false;
  readonly #turns = new Turns({ perTurn: BEGUN_PER_TURN });

  constructor(options: TicketFlowOptions, modules: Modules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Takes up every ticket of the journal that is not finished, as after a restart. */
  resume(): void {
    const tickets = this.#modules.journal.openIds().length;
    if (tickets > 0) this.#modules.logger.info({ tickets }, 'taking up unfinished tickets');
    this.#refill();
  }

  /** Takes up those again that were handed back for want of a device. */
  retake(): void {
    this.#refill();
  }

  /** Works on tickets of the journal. */
  take(ids: readonly string[]): void {
    for (const id of ids) if (!this.#take(id)) this.#backlog = true;
  }

  /** Ends the work on a ticket that is over for this node; one that is bound to its answer hears it from the chain. */
  ended(id: string): void {
    if (this.#modules.journal.commitment(id) === undefined) this.#inFlight.get(id)?.abort.abort();
  }

  /**
   * Takes no more tickets and waits for those that run, but no longer than `graceMs`; the others are handed
   * back to the journal.
   */
  async drain(graceMs: number): Promise<void> {
    const { journal, gas } = this.#modules;
    this.#draining = true;
    for (const [id, { abort }] of this.#inFlight) {
      // Nothing of it runs yet, or nothing will before somebody tops the wallet up.
      if (journal.get(id)?.state === 'received' || gas.isUnpaid(id)) abort.abort();
    }
    const timer = setTimeout(() => {
      for (const { abort } of this.#inFlight.values()) abort.abort();
    }, graceMs);
    await Promise.allSettled([...this.#inFlight.values()].map(({ work }) => work));
    clearTimeout(timer);
  }

  /** False where there is no place for it now. */
  #take(id: string): boolean {
    if (this.#draining || this.#inFlight.has(id)) return true;
    if (!this.#hasPlace(id)) return false;
    const abort = new AbortController();
    const work = this.#process(id, abort.signal).finally(() => this.#left(id));
    this.#inFlight.set(id, { work, abort });
    return true;
  }

  #hasPlace(id: string): boolean {
    const taken = this.#inFlight.size;
    if (taken < MAX_IN_FLIGHT_WITH_LATE) return true;
    if (taken >= MAX_IN_FLIGHT) return false;
    return (this.#modules.journal.deadline(id) ?? 0) >= Date.now();
  }

  #left(id: string): void {
    this.#inFlight.delete(id);
    this.#freed++;
    if (this.#backlog && this.#freed >= REFILL_PLACES) this.#refill();
  }

  /** Takes tickets up in the order of the journal as far as there are places. */
  #refill(): void {
    this.#freed = 0;
    // Those in flight are among them: as many again are enough to fill every place.
    const ids = this.#modules.journal.openIds(2 * MAX_IN_FLIGHT);
    this.#backlog = ids.some((id) => !this.#take(id));
  }

  async #process(id: string, signal: AbortSignal): Promise<void> {
    const { journal, gas, logger } = this.#modules;
    await this.#turns.take();
    try {
      const leave = await gas.enter(journal.commitment(id) !== undefined, signal);
      await this.#carry(id, signal).finally(leave);
    } catch (error) {
      await this.#giveUp(id, error, signal).catch((failure: unknown) =>
        logger.error({ ticket: id, err: failure }, 'a ticket could not be put down'),
      );
    }
  }

  async #carry(id: string, signal: AbortSignal): Promise<void> {
    const { journal, committer, observer, logger } = this.#modules;
    const ticket = journal.get(id);
    // What came in one batch with its end needs no work.
    if (ticket === undefined || signal.aborted || !OPEN_STATES.includes(ticket.state)) return;
    observer?.onTicket(id, { kind: 'taken', ticket });
    const commitment = journal.commitment(id) ?? (await this.#answer(ticket, signal));
    await committer.commit(ticket, commitment, signal);
    const committed = journal.get(id);
    if (committed !== undefined) reportCommitted(committed, logger);
  }

  /** Runs the prompt and binds the node to the answer, both on the disk when this returns. */
  async #answer(ticket: Ticket, signal: AbortSignal): Promise<Commitment> {
    const { journal, streams, observer, logger } = this.#modules;
    const stream = streams.open({ kind: 'ticket', id: ticket.id });
    // Readers may hold tokens of a run that ended with its process.
    if (ticket.history.some(({ state }) => state === 'running')) stream.restart();
    let firstTokenAtMs: number | undefined;
    let completion: Completion;
    try {
      completion = await this.#run(ticket, signal, {
        onTokens: (frame) => {
          firstTokenAtMs ??= Date.now();
          stream.push(frame);
        },
        onRestart: () => stream.restart(),
      });
    } catch (error) {
      stream.end({ ok: false, error: toErrorData(error) });
      throw error;
    }
    completion = this.#options.alterAnswer?.(completion) ?? completion;
    const commitment = commitmentOf(ticket, completion);
    const answer = answerOf(completion, commitment);
    stream.end(streamEndOf(ticket, answer));
    const change = firstTokenAtMs === undefined ? { answer } : { answer, firstTokenAtMs };
    await untilWritten(
      () =>
        journal.transaction(() => {
          journal.bind(commitment, answer.profile);
          if (!journal.step(ticket.id, 'answered', change)) journal.amend(ticket.id, change);
        }),
      { signal, logger },
    );
    observer?.onTicket(ticket.id, { kind: 'answered', completion });
    return commitment;
  }

  async #run(
    ticket: Ticket,
    signal: AbortSignal,
    output: Pick<Parameters<Scheduler['submit']>[2], 'onTokens' | 'onRestart'>,
  ): Promise<Completion> {
    const { scheduler } = this.#modules;
    checkPromptParams(ticket.params);
    checkChunks(ticket);
    const job = { id: ticket.id, params: ticket.params, reproducible: true };
    const lane = { kind: 'ticket', deadlineMs: ticket.deadlineMs } as const;
    for (;;) {
      try {
        const onStart = (): void => this.#started(ticket.id);
        return (await scheduler.submit(job, lane, { signal, onStart, ...output })).completion;
      } catch (error) {
        if (!(error instanceof AtomaError) || error.code !== 'busy') throw error;
        await pause(BUSY_RETRY_MS, signal);
      }
    }
  }

  /** Only for those who watch: a restart runs the ticket again whether this was written or not. */
  #started(id: string): void {
    const { journal, logger } = this.#modules;
    try {
      journal.transaction(() => journal.step(id, 'running'), 'process');
    } catch (error) {
      logger.warn({ ticket: id, err: error }, 'the journal does not know that a ticket runs');
    }
  }

  async #giveUp(id: string, error: unknown, signal: AbortSignal): Promise<void> {
    const { journal, observer, logger } = this.#modules;
    const data = toErrorData(error);
    const { code, message } = data;
    if (HANDING_BACK.has(code)) {
      // A ticket that has settled meanwhile stays so; a committing one is sent again at the next start.
      const why = this.#draining ? 'the node was stopped before it had an answer' : message;
      const back = journal.step(id, 'received', { reason: `handed back: ${why}` });
      if (back) observer?.onTicket(id, { kind: 'handed_back', reason: why });
      if (back || code === 'no_device') logger.warn({ ticket: id, code }, `handed back: ${why}`);
      // Its place stays taken for a while, or a backlog would go round and round.
      if (code === 'no_device') await pause(NO_DEVICE_PAUSE_MS, signal);
      return;
    }
    const state = SKIPPING.has(code) ? 'skipped' : 'failed';
    const written = await untilWritten(() => journal.step(id, state, { reason: message, error: data }), {
      signal,
      logger,
    });
    if (written) observer?.onTicket(id, { kind: state, error: data });
    if (code === 'conflicting_commitment') {
      logger.fatal({ ticket: id, alarm: code }, `ALARM: ${message}`);
    } else if (!written) logger.info({ ticket: id, code }, message);
    else if (state === 'skipped') logger.warn({ ticket: id, code }, `skipped: ${message}`);
    else logger.error({ ticket: id, code, err: error }, `failed: ${message}`);
  }
}
