import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Chain } from '../chain/index.js';
import type { ChainConfig } from '../config/index.js';
import type { AtomaError, Completion, ModelInfo, TicketObserver } from '../core/index.js';
import type { Scheduler } from '../scheduler/index.js';
import { Journal, type JournalModules, type JournalOptions } from '../tickets/index.js';
import { Committer } from './commit.js';
import { type ConnectModules, connectSuiPatiently } from './connect-sui.js';
import { cursorScope, EventIntake } from './event-intake.js';
import { GasGate } from './gas-gate.js';
import { LateSamplings } from './late-samplings.js';
import { ProfileWatch } from './profile-watch.js';
import { SettlementSide } from './settlement/settlement-side.js';
import { TicketFlow } from './ticket-flow.js';
import type { TokenStreams } from './token-streams.js';

/** Name of the journal's file in `data_dir`. */
export const JOURNAL_FILE = 'journal.sqlite';

export interface ChainSideOptions {
  readonly config: ChainConfig;
  /** Go on where the endpoint has thrown events away that were still to be read. */
  readonly acceptGap: boolean;
  /**
   * What the node says instead of what its model answered: for a node that lies, in rehearsals and tests. A real
   * one never sets it.
   */
  readonly alterAnswer?: ((completion: Completion) => Completion) | undefined;
  /** For tests: how the journal is opened besides. */
  readonly journal?: Pick<JournalOptions, 'maxPages'> & Pick<JournalModules, 'hook'>;
}

interface Modules {
  readonly scheduler: Scheduler;
  readonly streams: TokenStreams;
  readonly observer?: TicketObserver | undefined;
  readonly logger: Logger;
}

interface Parts {
  readonly journal: Journal;
  readonly chain: Chain;
  readonly gas: GasGate;
  readonly intake: EventIntake;
  readonly samplings: LateSamplings;
  readonly settlements: SettlementSide;
  readonly flow: TicketFlow;
  readonly profiles: ProfileWatch;
}

/** Everything between the chain and the scheduler: journal, chain client, intake, tickets, gas. */
export class ChainSide {
  readonly chain: Chain;
  readonly journal: Journal;
  readonly #parts: Parts;
  readonly #intake = new AbortController();
  readonly #gasWatch = new AbortController();
  #following: Promise<void> = Promise.resolve();
  #watching: Promise<void> = Promise.resolve();

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.chain = parts.chain;
    this.journal = parts.journal;
  }

  /**
   * Opens the journal, whose lock the caller holds, and connects to the chain.
   * @param modules `signal` ends the wait for an endpoint that does not answer; `onUnreachable` is told each
   * time why it goes on
   * @throws AtomaError `journal_*`, `cancelled`, and what connecting throws
   */
  static async open(options: ChainSideOptions, modules: Modules & ConnectModules): Promise<ChainSide> {
    const { client } = options.config;
    const path = join(client.dataDir, JOURNAL_FILE);
    const { maxPages, hook } = options.journal ?? {};
    const journal = Journal.open({ path, badge: client.nodeBadgeId, maxPages }, { hook });
    try {
      const chain = await connectSuiPatiently(options.config, modules);
      return new ChainSide({ journal, chain, ...compose(options, modules, journal, chain) });
    } catch (error) {
      journal.close();
      throw error;
    }
  }

  /**
   * Begins to take tickets: the unfinished ones of the journal first, then what the chain brings. Resolves when
   * a first place in the chain's history is written, so that no ticket after that can be missed, or when the
   * chain is not followed any more.
   */
  async start(onFatal: (error: unknown) => void): Promise<void> {
    const { intake, flow, gas, samplings, settlements } = this.#parts;
    this.#watching = gas.watch(this.#gasWatch.signal);
    flow.resume();
    samplings.resolve();
    settlements.start();
    this.#following = intake.run(this.#intake.signal).catch(onFatal);
    await Promise.race([intake.begun, this.#following]);
  }

  /** Keeps what the answers of these models depend on, and warns where it has changed. */
  noteProfiles(models: readonly ModelInfo[]): void {
    this.#parts.profiles.note(models);
  }

  /** Takes up again what was handed back for want of a device. */
  retake(): void {
    this.#parts.flow.retake();
  }

  /**
   * Why the journal cannot be written; undefined where it can. While intake waits to write a batch, smaller
   * writes of others that still fit say nothing.
   */
  get journalFault(): AtomaError | undefined {
    return this.#parts.intake.fault ?? this.journal.fault;
  }

  /** Why tickets are not taken, one sentence each. */
  reasons(): readonly string[] {
    const { chain, gas, intake } = this.#parts;
    const reasons: string[] = [];
    if (this.journalFault !== undefined) reasons.push(this.journalFault.message);
    if (!intake.started || !chain.status().following) reasons.push('the chain is not followed yet');
    if (gas.reason !== undefined) reasons.push(gas.reason);
    return reasons;
  }

  /** No more events, and no more work on settlements; what is left of it is in the journal. */
  async stopIntake(): Promise<void> {
    this.#intake.abort();
    await this.#following;
    await this.#parts.settlements.stop();
  }

  /** Waits for the tickets in flight, at most `graceMs`; the others stay in the journal for the next start. */
  drain(graceMs: number): Promise<void> {
    return this.#parts.flow.drain(graceMs);
  }

  async close(): Promise<void> {
    this.#gasWatch.abort();
    await this.#watching;
    await this.#parts.samplings.stop();
    await this.chain.close();
    this.journal.close();
  }
}

function compose(
  { config, acceptGap, alterAnswer }: ChainSideOptions,
  { scheduler, streams, observer, logger }: Modules,
  journal: Journal,
  chain: Chain,
): Omit<Parts, 'journal' | 'chain'> {
  const { client, subscriber } = config;
  const gas = new GasGate({ chain, logger });
  const committer = new Committer({ chain, journal, gas, observer, logger });
  const flow = new TicketFlow(
    { alterAnswer },
    { journal, committer, gas, scheduler, streams, observer, logger },
  );
  const onTickets = (ids: readonly string[], seenAtMs: number): void => {
    for (const id of ids) observer?.onTicket(id, { kind: 'journalled', seenAtMs });
    flow.take(ids);
  };
  const samplings = new LateSamplings({ chain, journal, onTickets, logger });
  const onReplaced = (id: string): void => flow.ended(id);
  const settlements = new SettlementSide(client, {
    ...{ chain, journal, gas, scheduler, onReplaced, observer, logger },
  });
  const { smallId, settlementTimeoutMs } = client;
  const intake = new EventIntake(
    {
      smallId,
      settlementTimeoutMs,
      scope: cursorScope(chain, subscriber.packageId),
      acceptGap,
    },
    {
      chain,
      journal,
      settlements: settlements.intake,
      logger,
      listener: {
        onTickets,
        onSettled: (id) => {
          observer?.onTicket(id, { kind: 'settled' });
          flow.ended(id);
        },
        onSamplings: () => samplings.resolve(),
      },
    },
  );
  const profiles = new ProfileWatch({ journal, logger });
  return { gas, flow, samplings, settlements, profiles, intake };
}
