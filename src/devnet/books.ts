import type { Database } from './contract/database.js';
import type { DisputeReason, SettledTicket, Slash } from './contract/records.js';

/** A ticket that is being settled. */
export interface DevnetTicket {
  readonly ticketId: string;
  /** Small ids by leaf index, and whether they have committed. */
  readonly nodes: readonly { readonly smallId: bigint; readonly committed: boolean }[];
  /** Small ids of silent nodes that others stand in for, oldest first. */
  readonly replaced: readonly bigint[];
  readonly chunks: number;
  /** Rounds that ended with a node silent. */
  readonly timedOutCount: number;
  /** When the running round began, ms since 1970. */
  readonly roundStartedAtMs: number;
  /** Why it is disputed; undefined where it is not. */
  readonly dispute: DisputeReason | undefined;
  /** Where cross-validation waits for nodes: how many the echelon must have for it. */
  readonly retryAtNodes: number | undefined;
}

/** What the contract holds and has done, for those who look at the dev chain from outside. */
export class Books {
  readonly #database: Database;

  constructor(modules: { readonly database: Database }) {
    this.#database = modules.database;
  }

  /** undefined where there is none, or it was settled. */
  ticket(ticketId: string): DevnetTicket | undefined {
    const ticket = this.#database.tickets.get(ticketId);
    if (ticket === undefined) return undefined;
    const { retryAtNodes } = ticket;
    return {
      ticketId,
      nodes: ticket.places.map(({ node, answer }) => ({ smallId: node, committed: answer !== undefined })),
      replaced: ticket.replaced,
      chunks: ticket.chunks,
      timedOutCount: Number(ticket.timedOutCount),
      roundStartedAtMs: ticket.round.startedAtMs,
      dispute: ticket.dispute,
      retryAtNodes: retryAtNodes === undefined ? undefined : Number(retryAtNodes),
    };
  }

  /** Oldest first. */
  settlements(): readonly SettledTicket[] {
    return [...this.#database.settled.values()];
  }

  feeEarned(ticketId: string, smallId: bigint): bigint | undefined {
    const paid = this.#database.settled.get(ticketId)?.paid;
    return paid?.find((payment) => payment.smallId === smallId)?.amount;
  }

  /** undefined where there is no such node, or it was destroyed. */
  collateral(smallId: bigint): bigint | undefined {
    return this.#database.nodes.get(smallId)?.collateral;
  }

  /** Oldest first. */
  slashes(): readonly Slash[] {
    return this.#database.slashes;
  }

  slashed(smallId: bigint): bigint {
    const own = this.slashes().filter((slash) => slash.smallId === smallId);
    return own.reduce((sum, { amount }) => sum + amount, 0n);
  }

  treasury(): bigint {
    return this.#database.treasury;
  }
}
