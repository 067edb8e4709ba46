import type { Transaction, TransactionArgument } from '@mysten/sui/transactions';
import { commitmentLeaf, commitmentRoot, EVENT_LAYOUTS, floatToBits } from '#src/chain/index.js';
import { Accounts, type DevnetNode, type DevnetUser } from '#src/devnet/accounts.js';
import { Clock } from '#src/devnet/clock.js';
import { tomaType } from '#src/devnet/contract/names.js';
import { createGenesis, type Genesis } from '#src/devnet/genesis.js';
import { SUI_COIN_TYPE } from '#src/devnet/move/addresses.js';
import { coinTypeOf } from '#src/devnet/move/types.js';
import { coinBalance } from '#src/devnet/move/values.js';
import { DEVNET_DEFAULTS } from '#src/devnet/options.js';
import { SeededRandom } from '#src/devnet/random.js';
import { runAs } from '#src/devnet/transactor.js';

/** A chain without a server, with what has been spent on it. */
export class Chain {
  readonly genesis: Genesis;
  readonly nodes: readonly DevnetNode[];
  readonly user: DevnetUser;
  readonly tickets: { readonly id: string; readonly nodes: readonly bigint[] }[] = [];

  constructor(seed: bigint) {
    const random = new SeededRandom(seed);
    const options = { ...DEVNET_DEFAULTS, inputFeePerToken: 3n, outputFeePerToken: 5n };
    this.genesis = createGenesis(options, { random, clock: new Clock() });
    const accounts = new Accounts(options, { genesis: this.genesis, random });
    accounts.catalogue.addModel(options.model);
    this.nodes = [accounts.addNode(), accounts.addNode(), accounts.addNode()];
    this.user = accounts.addUser();
  }

  /** Runs a transaction; one that the contract refuses is committed as failed all the same. */
  run(sender: string, target: string, rest: (tx: Transaction) => TransactionArgument[]): void {
    const { ledger, ids } = this.genesis;
    try {
      runAs(ledger, sender, (tx) => {
        tx.moveCall({
          target: `${ids.packageId}::${target}`,
          arguments: [tx.object(ids.atomaDbId), ...rest(tx)],
        });
      });
    } catch {
      // A refusal is one of the things that must not make or lose money.
    }
  }

  prompt(nodes: bigint, maxTokens: bigint): void {
    const { ledger } = this.genesis;
    this.run(this.user.address, 'prompts::send_prompt', (tx) => [
      tx.object(this.user.tomaCoinId),
      tx.pure.string(DEVNET_DEFAULTS.model),
      tx.pure.vector('u8', []),
      tx.pure.vector('u32', [1, 2]),
      tx.pure.bool(false),
      tx.pure.u64(5n),
      tx.pure.string('hello'),
      tx.pure.bool(false),
      tx.pure.u64(maxTokens),
      tx.pure.u64(0n),
      tx.pure.u32(floatToBits(1)),
      tx.pure.u32(floatToBits(0)),
      tx.pure.u64(0n),
      tx.pure.u32(floatToBits(1)),
      tx.pure.option('u64', nodes),
      tx.object.random(),
    ]);
    const last = ledger.events.at(-1);
    if (!last?.type.endsWith('::gate::Text2TextPromptEvent')) return;
    const event = EVENT_LAYOUTS['gate::Text2TextPromptEvent'].parse(last.bytes);
    this.tickets.push({ id: event.ticket_id, nodes: event.nodes.map(({ inner }) => BigInt(inner)) });
  }

  commit(ticketIndex: number, position: number, text: string, outputTokens: bigint): void {
    const ticket = this.tickets[ticketIndex % Math.max(1, this.tickets.length)];
    if (ticket === undefined) return;
    const index = position % ticket.nodes.length;
    const node = this.nodes.find(({ smallId }) => smallId === ticket.nodes[index]);
    if (node === undefined) return;
    const data = new TextEncoder().encode(text);
    this.run(node.address, 'settlement::submit_commitment', (tx) => [
      tx.object(node.badgeId),
      tx.pure.id(ticket.id),
      tx.pure.u64(7n),
      tx.pure.u64(outputTokens),
      tx.pure.vector('u8', commitmentRoot(data, BigInt(ticket.nodes.length))),
      tx.pure.vector('u8', commitmentLeaf(data, BigInt(index))),
      tx.object.random(),
    ]);
  }

  byBadge(name: string, position: number): void {
    const node = this.nodes[position % this.nodes.length];
    if (node !== undefined) this.run(node.address, `db::${name}`, (tx) => [tx.object(node.badgeId)]);
  }

  toma(): bigint {
    return this.#coins(tomaType(this.genesis.ids)) + this.genesis.database.held();
  }

  /** SUI in coins, in storage rebates, and burnt by gas. */
  sui(): bigint {
    const { ledger } = this.genesis;
    let sum = this.#coins(SUI_COIN_TYPE);
    for (const object of ledger.objects.all()) sum += object.storageRebate;
    for (let sequence = 0n; sequence <= ledger.checkpoints.tip; sequence++) {
      for (const { effects } of ledger.checkpoints.transactions(sequence)) {
        sum += effects.gasUsed.computationCost + effects.gasUsed.nonRefundableStorageFee;
      }
    }
    return sum;
  }

  #coins(coinType: string): bigint {
    let sum = 0n;
    for (const object of this.genesis.ledger.objects.all()) {
      if (coinTypeOf(object.type) === coinType) sum += coinBalance(object.contents);
    }
    return sum;
  }
}
