import { bcs } from '@mysten/sui/bcs';
import type { State, Table } from '../ledger/state.js';
import { SUI_FRAMEWORK } from '../move/addresses.js';
import type { TransactionContext } from '../move/context.js';
import { ExecutionFailure } from '../move/failure.js';
import type { ObjectValue } from '../move/values.js';
import { Balance } from '../move/values.js';
import { type ContractIds, tomaType } from './names.js';
import type { Echelon, Model, Node, SettledTicket, Slash, TicketRecord } from './records.js';

/** `sui::dynamic_field::EFieldDoesNotExist`: what a lookup in one of Sui's tables aborts with. */
const FIELD_DOES_NOT_EXIST = 1n;

const DatabaseLayout = bcs.struct('AtomaDb', {
  id: bcs.Address,
  next_node_small_id: bcs.u64(),
  tickets: bcs.struct('ObjectTable', { id: bcs.Address, size: bcs.u64() }),
});

/** The abort of a lookup that found nothing. */
function fieldDoesNotExist(what: string): ExecutionFailure {
  const location = {
    packageId: SUI_FRAMEWORK,
    module: 'dynamic_field',
    functionName: 'borrow_child_object_mut',
  };
  return new ExecutionFailure({ kind: 'moveAbort', code: FIELD_DOES_NOT_EXIST, location }, `no ${what}`);
}

interface Counters {
  readonly nextSmallId: bigint;
  readonly tickets: bigint;
  readonly slashes: number;
  readonly treasury: bigint;
}

const NOTHING_COUNTED: Counters = { nextSmallId: 1n, tickets: 0n, slashes: 0, treasury: 0n };

/** Everything the contract remembers, behind `atoma::db::AtomaDb`. */
export class Database {
  readonly ids: ContractIds;
  readonly nodes: Table<bigint, Node>;
  readonly models: Table<string, Model>;
  readonly tickets: Table<string, TicketRecord>;
  /** How tickets came out, by their id. */
  readonly settled: Table<string, SettledTicket>;
  readonly #slashes: Table<number, Slash>;
  readonly #counters: Table<'counters', Counters>;

  constructor(ids: ContractIds, state: State) {
    this.ids = ids;
    this.nodes = state.table();
    this.models = state.table();
    this.tickets = state.table();
    this.settled = state.table();
    this.#slashes = state.table();
    this.#counters = state.table();
  }

  /** Contents of the shared object. */
  contents(): Uint8Array {
    const { nextSmallId, tickets } = this.#read();
    const { atomaDbId, ticketsId } = this.ids;
    return DatabaseLayout.serialize({
      id: atomaDbId,
      next_node_small_id: nextSmallId,
      tickets: { id: ticketsId, size: tickets },
    }).toBytes();
  }

  /** @returns the small id of a new node; they start at 1. */
  takeSmallId(object: ObjectValue): bigint {
    const counters = this.#read();
    this.#counters.set('counters', { ...counters, nextSmallId: counters.nextSmallId + 1n });
    object.contents = this.contents();
    return counters.nextSmallId;
  }

  /** Adds a ticket, or replaces it. */
  putTicket(object: ObjectValue, ticket: TicketRecord): void {
    if (this.tickets.get(ticket.id) === undefined) this.#countTickets(object, 1n);
    this.tickets.set(ticket.id, ticket);
  }

  deleteTicket(object: ObjectValue, id: string): void {
    this.tickets.delete(id);
    this.#countTickets(object, -1n);
  }

  /** @throws ExecutionFailure where there is none, as one that was settled. */
  ticket(id: string): TicketRecord {
    const ticket = this.tickets.get(id);
    if (ticket === undefined) throw fieldDoesNotExist(`ticket ${id}`);
    return ticket;
  }

  /** @throws ExecutionFailure where there is none. */
  node(smallId: bigint): Node {
    const node = this.nodes.get(smallId);
    if (node === undefined) throw fieldDoesNotExist(`node with small id ${smallId}`);
    return node;
  }

  /** @throws ExecutionFailure where there is none. */
  model(name: string): Model {
    const model = this.models.get(name);
    if (model === undefined) throw fieldDoesNotExist(`model '${name}'`);
    return model;
  }

  /** @throws ExecutionFailure where the model has no such echelon. */
  echelon(model: string, id: bigint): Echelon {
    const echelon = this.model(model).echelons.find((entry) => entry.id === id);
    if (echelon === undefined) throw fieldDoesNotExist(`echelon ${id} of '${model}'`);
    return echelon;
  }

  putEchelon(model: Model, echelon: Echelon): void {
    const others = model.echelons.filter(({ id }) => id !== echelon.id);
    const echelons = [...others, echelon].sort((a, b) => (a.id < b.id ? -1 : 1));
    this.models.set(model.name, { ...model, echelons });
  }

  /** Pays TOMA that the contract holds to an address, in a new coin; nothing where the amount is 0. */
  pay(context: TransactionContext, amount: bigint, recipient: string): void {
    if (amount > 0n) context.transfer(context.newCoin(new Balance(tomaType(this.ids), amount)), recipient);
  }

  /** What nodes lost, oldest first. */
  get slashes(): readonly Slash[] {
    return [...this.#slashes.values()];
  }

  /** Collateral that nodes lost: the dev chain's own rule is that it stays with the contract. */
  get treasury(): bigint {
    return this.#read().treasury;
  }

  /** Takes what a node loses into the treasury. */
  addSlash(slash: Slash): void {
    const counters = this.#read();
    this.#slashes.set(counters.slashes, slash);
    const treasury = counters.treasury + slash.amount;
    this.#counters.set('counters', { ...counters, slashes: counters.slashes + 1, treasury });
  }

  /** All TOMA in the contract's hands: collateral, fees, deposits and treasury. */
  held(): bigint {
    let sum = this.treasury;
    for (const node of this.nodes.values())
      sum += node.collateral + node.availableFee + node.lastFeeEpochAmount;
    for (const ticket of this.tickets.values()) sum += ticket.held;
    return sum;
  }

  #read(): Counters {
    return this.#counters.get('counters') ?? NOTHING_COUNTED;
  }

  #countTickets(object: ObjectValue, by: bigint): void {
    const counters = this.#read();
    this.#counters.set('counters', { ...counters, tickets: counters.tickets + by });
    object.contents = this.contents();
  }
}
