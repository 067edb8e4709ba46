import type { Logger } from 'pino';
import type { Chain } from '../../chain/index.js';
import type { TicketObserver } from '../../core/index.js';
import type { Scheduler } from '../../scheduler/index.js';
import type { Journal } from '../../tickets/index.js';
import type { GasGate } from '../gas-gate.js';
import { Disputes } from './disputes.js';
import { DutyLoop } from './duty-loop.js';
import { Oracle } from './oracle.js';
import { OverdueTickets } from './overdue-tickets.js';
import { SettlementIntake, type SettlementIntakeOptions } from './settlement-intake.js';

interface Modules {
  readonly chain: Chain;
  readonly journal: Journal;
  readonly gas: Pick<GasGate, 'reason'>;
  readonly scheduler: Scheduler;
  /** The chain waits for this node's commitment to a ticket no longer. */
  readonly onReplaced: (ticketId: string) => void;
  readonly observer?: TicketObserver | undefined;
  readonly logger: Logger;
}

/** What a node does for tickets beside committing to them: settlements that are overdue, and disputes. */
export class SettlementSide {
  readonly intake: SettlementIntake;
  readonly #disputes: Disputes;
  readonly #loops: readonly DutyLoop[];

  constructor(options: SettlementIntakeOptions, modules: Modules) {
    const { onReplaced, logger } = modules;
    const oracle = options.oracle ? new Oracle(options, modules) : undefined;
    const onDue = (): void => {
      for (const loop of this.#loops) loop.wake();
    };
    const overdue = new OverdueTickets(options, modules);
    this.#disputes = new Disputes({ ...modules, oracle, onAttended: onDue });
    this.#loops = [overdue, this.#disputes].map((duties) => new DutyLoop({ duties, logger }));
    const onSettled = (ticketId: string): void => oracle?.ended(ticketId);
    const listener = { onReplaced, onSettled, onDue };
    this.intake = new SettlementIntake(options, { ...modules, listener });
  }

  /** Begins with what an earlier life of the node left in the journal. */
  start(): void {
    for (const loop of this.#loops) loop.start();
  }

  /** Ends what runs; the journal keeps what is left. */
  async stop(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
    await this.#disputes.settled();
  }
}
