import type { Transaction } from '@mysten/sui/transactions';
import { DEVNET_PACKAGE } from './contract/names.js';
import type { Genesis } from './genesis.js';
import { runAs } from './transactor.js';

/** What the dev chain does to a ticket by itself, as an account that has no part in it. */
export class Levers {
  readonly #genesis: Genesis;

  constructor(genesis: Genesis) {
    this.#genesis = genesis;
  }

  /** `oracle::sample_node` of the dev chain's own package. */
  sampleMore(ticketId: string, smallId: bigint): void {
    this.#call(`${DEVNET_PACKAGE}::oracle::sample_node`, ticketId, (tx) => [tx.pure.u64(smallId)]);
  }

  /** `settlement::try_to_settle` */
  tryToSettle(ticketId: string): void {
    const target = `${this.#genesis.ids.packageId}::settlement::try_to_settle`;
    this.#call(target, ticketId, (tx) => [tx.object.random()]);
  }

  #call(
    target: string,
    ticketId: string,
    rest: (tx: Transaction) => ReturnType<Transaction['object' | 'pure']>[],
  ): void {
    const { faucet, ids, ledger } = this.#genesis;
    runAs(ledger, faucet.address, (tx) => {
      const head = [tx.object(ids.atomaDbId), tx.pure.id(ticketId)];
      tx.moveCall({ target, arguments: [...head, ...rest(tx)] });
    });
  }
}
