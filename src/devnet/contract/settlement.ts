import { ABORT } from '../../chain/index.js';
import type { Call } from '../move/function.js';
import type { ObjectValue } from '../move/values.js';
import { badgeSmallId } from './badge.js';
import { enterCommitment } from './commitments.js';
import { askExtraNodes, drawCrossValidation } from './cross-validation.js';
import type { Database } from './database.js';
import { emitDispute } from './disputes.js';
import { rootOf, sameBytes } from './hashes.js';
import { type Ending, payOut } from './payout.js';
import type { TicketRecord } from './records.js';
import { askNodes } from './sampling.js';
import { silentIndices } from './slashing.js';
import { writeTicket } from './ticket-objects.js';
import { endRound, hasTimedOut } from './timeouts.js';
import { checkVerdict, judge, type Verdict } from './verdict.js';

/** How the contract settles. */
export interface SettlementOptions {
  /**
   * How often, in thousandths, others are asked to check the one node of a prompt without `nodes_to_sample`;
   * undefined leaves that to `oracle::sample_node`, and `try_to_settle` ends it.
   */
  readonly crossValidationPermille: number | undefined;
}

/** Module `atoma::settlement`: a ticket's way from the first commitment to fees and refund. */
export class Settlement {
  readonly #options: SettlementOptions;
  readonly #database: Database;

  constructor(options: SettlementOptions, modules: { readonly database: Database }) {
    this.#options = options;
    this.#database = modules.database;
  }

  /** `submit_commitment(db, badge, ticket_id, input_tokens_count, output_tokens_count, merkle_root, chunk_hash[, random])` */
  submitCommitment(call: Call): undefined {
    const { args } = call;
    const ticket = this.#database.ticket(args.address(2));
    const smallId = badgeSmallId(args.object(1).contents);
    const answer = {
      inputTokens: args.u64(3),
      outputTokens: args.u64(4),
      root: args.byteVector(5),
      leaf: args.byteVector(6),
    };
    const entered = enterCommitment(call, this.#database, ticket, { smallId, answer });
    this.#proceed(call, args.object(0), entered, false);
  }

  /**
   * `try_to_settle(db, ticket_id, random)`: ends a round that has timed out, asks for a cross-validation that
   * waits for nodes; does nothing where the ticket is not ready.
   */
  tryToSettle(call: Call): undefined {
    const { args } = call;
    this.#proceed(call, args.object(0), this.#database.ticket(args.address(1)), true);
  }

  /**
   * `settle_dispute(db, badge, ticket_id, oracle_input_tokens_count, oracle_output_tokens_count,
   * oracle_merkle_root, oracle_merkle_leaves)`: whose commitment is not what the oracle found is slashed, the
   * others are paid by the oracle's counts. The oracle itself earns nothing (the dev chain's own rule).
   */
  settleDispute(call: Call): undefined {
    const { args, context } = call;
    const database = this.#database;
    const ticket = database.ticket(args.address(2));
    const verdict: Verdict = {
      oracle: badgeSmallId(args.object(1).contents),
      inputTokens: args.u64(3),
      outputTokens: args.u64(4),
      root: args.byteVector(5),
      leaves: args.byteVector(6),
    };
    checkVerdict(call, database, ticket, verdict);
    if (ticket.dispute === undefined || !hasTimedOut(context, ticket)) {
      throw call.abort(ABORT.notReadyToSettle, `ticket ${ticket.id} is not disputed and timed out`);
    }
    const honest = judge(context, database, ticket, verdict);
    this.#end(call, args.object(0), ticket, { honest, counts: verdict, oracle: verdict.oracle });
  }

  /** `oracle::sample_node(db, ticket_id, small_id)`: one more node has to commit, with the next leaf. */
  sampleNode(call: Call): undefined {
    const { args, context } = call;
    const ticket = this.#database.ticket(args.address(1));
    const smallId = args.u64(2);
    const index = ticket.places.length;
    const nodes = ticket.places.map(({ node }) => node);
    if (index >= ticket.chunks || nodes.includes(smallId)) {
      throw call.abort(
        ABORT.tooManyNodesToSample,
        `ticket ${ticket.id} has ${ticket.chunks} leaves and awaits nodes ${nodes.join()}; node ${smallId} cannot be added`,
      );
    }
    const asked = [{ node: this.#database.node(smallId).smallId, index }];
    this.#keep(call, args.object(0), askNodes(context, this.#database, ticket, asked));
  }

  /** Does what is due. @param tried whether somebody asked for just that, by `try_to_settle` */
  #proceed(call: Call, object: ObjectValue, ticket: TicketRecord, tried: boolean): void {
    const { context } = call;
    if (ticket.dispute !== undefined) this.#keep(call, object, ticket);
    else if (silentIndices(ticket).length === 0) this.#answered(call, object, ticket, tried);
    else if (!hasTimedOut(context, ticket)) this.#keep(call, object, ticket);
    else this.#keep(call, object, endRound(context, this.#database, ticket));
  }

  /** Everybody who was asked has committed, with one claim. */
  #answered(call: Call, object: ObjectValue, ticket: TicketRecord, tried: boolean): void {
    const { context } = call;
    const { crossValidationPermille } = this.#options;
    const leaves = ticket.places.flatMap(({ answer }) => answer?.leaf ?? []);
    const root = ticket.claim?.root ?? new Uint8Array();
    if (leaves.length === ticket.chunks) {
      if (sameBytes(root, rootOf(leaves))) this.#agree(call, object, ticket);
      else this.#keep(call, object, emitDispute(context, this.#database, ticket, 'difference'));
    } else if (crossValidationPermille === undefined) {
      if (tried) this.#agree(call, object, ticket);
      else this.#keep(call, object, ticket);
    } else if (drawCrossValidation(context, ticket, crossValidationPermille)) {
      this.#keep(call, object, askExtraNodes(context, this.#database, ticket));
    } else this.#agree(call, object, ticket);
  }

  /** Pays everybody by the claim that they share. */
  #agree(call: Call, object: ObjectValue, ticket: TicketRecord): void {
    const counts = ticket.claim ?? { inputTokens: 0n, outputTokens: 0n };
    const honest = ticket.places.map(({ node }) => node);
    this.#end(call, object, ticket, { honest, counts, oracle: undefined });
  }

  #end({ context }: Call, object: ObjectValue, ticket: TicketRecord, ending: Ending): void {
    payOut(context, this.#database, object, { ticket, ending });
  }

  #keep({ context }: Call, object: ObjectValue, ticket: TicketRecord): void {
    this.#database.putTicket(object, ticket);
    writeTicket(context, this.#database.ids, ticket);
  }
}
