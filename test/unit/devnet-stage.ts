import { Transaction, type TransactionArgument, TransactionDataBuilder } from '@mysten/sui/transactions';
import {
  commitmentLeaf,
  commitmentRoot,
  EVENT_LAYOUTS,
  type EventName,
  floatToBits,
} from '#src/chain/index.js';
import { Accounts, type DevnetNode, type DevnetUser } from '#src/devnet/accounts.js';
import { Books } from '#src/devnet/books.js';
import { Clock } from '#src/devnet/clock.js';
import { tomaType } from '#src/devnet/contract/names.js';
import { createGenesis, type Genesis } from '#src/devnet/genesis.js';
import { SUI_COIN_TYPE } from '#src/devnet/move/addresses.js';
import { coinOf, coinTypeOf } from '#src/devnet/move/types.js';
import { coinBalance } from '#src/devnet/move/values.js';
import { DEVNET_DEFAULTS, type DevnetOptions } from '#src/devnet/options.js';
import { SeededRandom } from '#src/devnet/random.js';
import { simulate } from '#src/devnet/services/resolve.js';

/** Above what any transaction here needs; saves the simulation that would estimate it. */
const BUDGET_MIST = 1_000_000_000n;
const encoder = new TextEncoder();

/** What a transaction did: its events, or the code it aborted with. */
export interface Done {
  readonly events: readonly { readonly name: string; readonly fields: unknown }[];
  readonly names: readonly string[];
  /** undefined where it succeeded. */
  readonly abort: bigint | undefined;
  readonly failure: string | undefined;
}

/** A prompt that nodes were sampled for. */
export interface Asked {
  readonly ticketId: string;
  readonly nodes: readonly bigint[];
  readonly chunks: bigint;
}

/** What somebody says the output is; the text stands for it. */
export interface Saying {
  readonly text?: string;
  readonly inputTokens?: bigint;
  readonly outputTokens?: bigint;
  readonly index?: bigint;
  readonly root?: Uint8Array;
  readonly leaf?: Uint8Array;
}

/** Stands still unless it is moved. */
class StillClock extends Clock {
  #nowMs = 1_750_000_000_000;

  override now(): number {
    return this.#nowMs;
  }

  override advance(ms: number): void {
    this.#nowMs += ms;
  }
}

/** A dev chain without a server, on which transactions run directly. */
export class Stage {
  readonly clock = new StillClock();
  readonly genesis: Genesis;
  readonly accounts: Accounts;
  readonly books: Books;
  readonly user: DevnetUser;
  readonly nodes = new Map<bigint, DevnetNode>();
  readonly options: DevnetOptions;

  constructor(options: Partial<DevnetOptions> = {}) {
    this.options = { ...DEVNET_DEFAULTS, settlementTimeoutMs: 1000n, ...options };
    const random = new SeededRandom(this.options.seed ?? 1n);
    this.genesis = createGenesis(this.options, { random, clock: this.clock });
    this.accounts = new Accounts(this.options, { genesis: this.genesis, random });
    this.accounts.catalogue.addModel(this.options.model);
    this.books = new Books(this.genesis);
    this.user = this.accounts.addUser();
  }

  addNode(oracle = false): bigint {
    const node = this.accounts.addNode({ oracle });
    this.nodes.set(node.smallId, node);
    return node.smallId;
  }

  addNodes(count: number): bigint[] {
    return Array.from({ length: count }, () => this.addNode());
  }

  /** Moves the clock, over as many epochs as that takes. */
  advance(ms: number): void {
    this.clock.advance(ms);
    this.genesis.ledger.tick();
  }

  /** A call of the contract, with the database as its first argument. */
  call(sender: string, target: string, rest: (tx: Transaction) => TransactionArgument[]): Done {
    const { ledger, ids } = this.genesis;
    const tx = new Transaction();
    tx.setSender(sender);
    tx.setGasBudget(BUDGET_MIST);
    tx.moveCall({
      target: `${ids.packageId}::${target}`,
      arguments: [tx.object(ids.atomaDbId), ...rest(tx)],
    });
    const { data } = simulate(ledger, tx.getData(), true);
    const { events, effects } = ledger.execute(new TransactionDataBuilder(data).build(), []);
    const reason = effects.failed?.failure.reason;
    const read = events.map(({ type, bytes }) => {
      const name = type.split('::').slice(1).join('::');
      return { name, fields: EVENT_LAYOUTS[name as EventName].parse(bytes) };
    });
    return {
      events: read,
      names: read.map(({ name }) => name.split('::')[1] ?? ''),
      abort: reason?.kind === 'moveAbort' ? reason.code : undefined,
      failure: effects.failed?.failure.message,
    };
  }

  send(options: { nodes?: bigint | null; maxTokens?: bigint; user?: DevnetUser } = {}): Done {
    const user = options.user ?? this.user;
    return this.call(user.address, 'prompts::send_prompt', (tx) => [
      tx.object(user.tomaCoinId),
      tx.pure.string(this.options.model),
      tx.pure.vector('u8', []),
      tx.pure.vector('u32', [1, 2]),
      tx.pure.bool(false),
      tx.pure.u64(1000n),
      tx.pure.string('hello'),
      tx.pure.bool(false),
      tx.pure.u64(options.maxTokens ?? 16n),
      tx.pure.u64(0n),
      tx.pure.u32(floatToBits(1)),
      tx.pure.u32(floatToBits(0)),
      tx.pure.u64(0n),
      tx.pure.u32(floatToBits(1)),
      tx.pure.option('u64', options.nodes === undefined ? 1n : options.nodes),
      tx.object.random(),
    ]);
  }

  /** As {@link Stage.send}, where it must succeed. */
  ask(nodes: bigint | null, maxTokens?: bigint): Asked {
    const { events, failure } = this.send(maxTokens === undefined ? { nodes } : { nodes, maxTokens });
    const asked = askedIn(events);
    if (asked === undefined) throw new Error(`the prompt was refused: ${failure}`);
    return asked;
  }

  /** A node's commitment for the leaf that it is asked for, or another. */
  commit(smallId: bigint, ticketId: string, saying: Saying = {}): Done {
    const node = this.#node(smallId);
    const ticket = this.books.ticket(ticketId);
    const place = ticket?.nodes.findIndex((entry) => entry.smallId === smallId) ?? 0;
    const data = encoder.encode(saying.text ?? 'blue');
    const index = saying.index ?? BigInt(Math.max(0, place));
    const root = saying.root ?? commitmentRoot(data, BigInt(ticket?.chunks ?? 1));
    return this.call(node.address, 'settlement::submit_commitment', (tx) => [
      tx.object(node.badgeId),
      tx.pure.id(ticketId),
      tx.pure.u64(saying.inputTokens ?? 7n),
      tx.pure.u64(saying.outputTokens ?? 6n),
      tx.pure.vector('u8', root),
      tx.pure.vector('u8', saying.leaf ?? commitmentLeaf(data, index)),
      tx.object.random(),
    ]);
  }

  tryToSettle(ticketId: string): Done {
    return this.call(this.user.address, 'settlement::try_to_settle', (tx) => [
      tx.pure.id(ticketId),
      tx.object.random(),
    ]);
  }

  /** An oracle's word; `leaf` replaces all leaves. */
  settleDispute(smallId: bigint, ticketId: string, saying: Saying = {}): Done {
    const node = this.#node(smallId);
    const chunks = this.books.ticket(ticketId)?.chunks ?? 1;
    const data = encoder.encode(saying.text ?? 'blue');
    const leaves = Array.from({ length: chunks }, (_, index) => commitmentLeaf(data, BigInt(index)));
    return this.call(node.address, 'settlement::settle_dispute', (tx) => [
      tx.object(node.badgeId),
      tx.pure.id(ticketId),
      tx.pure.u64(saying.inputTokens ?? 7n),
      tx.pure.u64(saying.outputTokens ?? 6n),
      tx.pure.vector('u8', saying.root ?? commitmentRoot(data, BigInt(chunks))),
      tx.pure.vector('u8', saying.leaf ?? Buffer.concat(leaves)),
    ]);
  }

  /** A function of `db` that takes the node's badge. */
  byBadge(smallId: bigint, name: string, rest: (tx: Transaction) => TransactionArgument[] = () => []): Done {
    const node = this.#node(smallId);
    return this.call(node.address, `db::${name}`, (tx) => [tx.object(node.badgeId), ...rest(tx)]);
  }

  /** TOMA in coins and in the contract's hands. */
  toma(): bigint {
    const { ledger, ids, database } = this.genesis;
    const type = coinOf(tomaType(ids));
    let sum = database.held();
    for (const object of ledger.objects.all()) if (object.type === type) sum += coinBalance(object.contents);
    return sum;
  }

  /** SUI in coins, in storage rebates, and burnt by gas. */
  sui(): bigint {
    const { ledger } = this.genesis;
    let sum = 0n;
    for (const object of ledger.objects.all()) {
      sum += object.storageRebate;
      if (coinTypeOf(object.type) === SUI_COIN_TYPE) sum += coinBalance(object.contents);
    }
    for (let sequence = 0n; sequence <= ledger.checkpoints.tip; sequence++) {
      for (const { effects } of ledger.checkpoints.transactions(sequence)) {
        sum += effects.gasUsed.computationCost + effects.gasUsed.nonRefundableStorageFee;
      }
    }
    return sum;
  }

  #node(smallId: bigint): DevnetNode {
    const node = this.nodes.get(smallId);
    if (node === undefined) throw new Error(`there is no node ${smallId}`);
    return node;
  }
}

/** The prompt that a transaction's events tell of. */
function askedIn(events: Done['events']): Asked | undefined {
  const event = events.find(({ name }) => name === 'gate::Text2TextPromptEvent');
  if (event === undefined) return undefined;
  const fields = event.fields as (typeof EVENT_LAYOUTS)['gate::Text2TextPromptEvent']['$inferType'];
  return {
    ticketId: fields.ticket_id,
    nodes: fields.nodes.map(({ inner }) => BigInt(inner)),
    chunks: BigInt(fields.chunks_count),
  };
}
