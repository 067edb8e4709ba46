import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Chain, SuiChain } from '#src/chain/index.js';
import type { Completion, Executor, Job } from '#src/core/index.js';
import { Committer } from '#src/node/commit.js';
import { EventIntake } from '#src/node/event-intake.js';
import { GasGate } from '#src/node/gas-gate.js';
import { SettlementIntake } from '#src/node/settlement/settlement-intake.js';
import { TicketFlow } from '#src/node/ticket-flow.js';
import { TokenStreams } from '#src/node/token-streams.js';
import { SCHEDULER_DEFAULTS, Scheduler } from '#src/scheduler/index.js';
import { Journal } from '#src/tickets/index.js';

const MANY = 1_000_000;
const TIMEOUT_MS = 3_600_000;

/** A device with room for everything, whose jobs begin and do not end: what is measured ends there. */
class Starts implements Executor {
  readonly id = 'starts';
  /** When each ticket's job began, ms since 1970 with fractions. */
  readonly atMs = new Map<string, number>();

  capacity(): number {
    return MANY;
  }

  serves(): boolean {
    return true;
  }

  run(job: Job): Promise<Completion> {
    this.atMs.set(job.id, performance.timeOrigin + performance.now());
    return new Promise(() => undefined);
  }
}

export interface IntakeNodeOptions {
  /** Of the journal; made anew. */
  readonly dir: string;
  readonly smallId: bigint;
  readonly model: string;
}

/** The node from the chain client to the start of jobs: intake, journal, tickets, scheduler. */
export class IntakeNode {
  readonly #chain: SuiChain;
  readonly #journal: Journal;
  readonly #intake: EventIntake;
  readonly #starts = new Starts();
  readonly #stop = new AbortController();
  readonly #gasWatch: Promise<void>;
  #onDealtWith: (events: number) => void = () => undefined;

  private constructor(chain: SuiChain, journal: Journal, options: IntakeNodeOptions) {
    this.#chain = chain;
    this.#journal = journal;
    const logger = pino({ level: 'silent' });
    const watched = watch(chain, (events) => this.#onDealtWith(events));
    const gas = new GasGate({ chain, logger });
    this.#gasWatch = gas.watch(this.#stop.signal);
    const committer = new Committer({ chain, journal, gas, logger });
    const scheduler = new Scheduler(SCHEDULER_DEFAULTS, { executors: [this.#starts] });
    scheduler.serve(options.model);
    const flow = new TicketFlow(
      {},
      { journal, committer, gas, scheduler, streams: new TokenStreams(), logger },
    );
    this.#intake = new EventIntake(
      {
        smallId: options.smallId,
        settlementTimeoutMs: TIMEOUT_MS,
        scope: scopeOf(chain),
        acceptGap: false,
      },
      {
        chain: watched,
        journal,
        settlements: new SettlementIntake(
          { smallId: options.smallId, settlementTimeoutMs: TIMEOUT_MS, oracle: false },
          { journal, logger, listener: { onReplaced: none, onSettled: none, onDue: none } },
        ),
        logger,
        listener: {
          onTickets: (ids) => flow.take(ids),
          onSettled: (id) => flow.ended(id),
          onSamplings: none,
        },
      },
    );
  }

  /** @param after where to read on from; undefined is the chain's tip */
  static async open(
    chain: SuiChain,
    after: string | undefined,
    options: IntakeNodeOptions,
  ): Promise<IntakeNode> {
    await rm(options.dir, { recursive: true, force: true });
    const journal = Journal.open({ path: join(options.dir, 'journal.sqlite'), badge: 'bench' });
    if (after !== undefined) journal.setCursor(scopeOf(chain), after);
    return new IntakeNode(chain, journal, options);
  }

  /** Reads until `enough` says so; it is told after each batch how many events it held. */
  async read(enough: (events: number) => boolean): Promise<void> {
    this.#onDealtWith = (events) => {
      if (enough(events)) this.#stop.abort();
    };
    await this.#intake.run(this.#stop.signal);
  }

  /** When the job of each event's ticket began, by event id; ms since 1970. */
  jobStarts(): ReadonlyMap<string, number> {
    return new Map(
      [...this.#starts.atMs].map(([ticketId, atMs]) => [this.#journal.get(ticketId)?.eventId ?? '', atMs]),
    );
  }

  get jobsStarted(): number {
    return this.#starts.atMs.size;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#gasWatch;
    await this.#chain.close();
    this.#journal.close();
  }
}

const none = (): void => undefined;

function scopeOf(chain: Chain): { readonly chain: string; readonly filter: string } {
  return { chain: `${chain.name}:${chain.status().chainId}`, filter: 'bench' };
}

/** The chain itself, but for being told when a batch was dealt with: its reader asks for the next one then. */
function watch(chain: SuiChain, onDealtWith: (events: number) => void): Chain {
  return {
    name: chain.name,
    checkpointOf: (cursor) => chain.checkpointOf(cursor),
    status: () => chain.status(),
    submitCommitment: (commitment, options) => chain.submitCommitment(commitment, options),
    tryToSettle: (ticketId, options) => chain.tryToSettle(ticketId, options),
    settleDispute: (verdict, options) => chain.settleDispute(verdict, options),
    readVerdict: (digest, signal) => chain.readVerdict(digest, signal),
    readTicket: (ticketId, signal) => chain.readTicket(ticketId, signal),
    refreshGas: (signal) => chain.refreshGas(signal),
    findPrompt: (ticketId, signal) => chain.findPrompt(ticketId, signal),
    history: (range) => chain.history(range),
    transactionOutcome: (digest, signal) => chain.transactionOutcome(digest, signal),
    close: () => chain.close(),
    follow: async function* (options) {
      for await (const batch of chain.follow(options)) {
        yield batch;
        onDealtWith(batch.events.length);
      }
    },
  };
}
