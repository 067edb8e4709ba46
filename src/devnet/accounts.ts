import type { Transaction } from '@mysten/sui/transactions';
import { badgeSmallId } from './contract/badge.js';
import { nodeBadgeType, tomaType } from './contract/names.js';
import { COLLATERAL } from './contract/registry.js';
import { type Genesis, type GenesisAccount, newAccount } from './genesis.js';
import { coinOf } from './move/types.js';
import type { DevnetOptions } from './options.js';
import type { RandomSource } from './random.js';
import { createdId, runAs } from './transactor.js';

/** In MIST: 100 SUI a coin, gas for tens of thousands of transactions. */
const GAS_COIN_MIST = 100_000_000_000n;
/** Two coins, as a wallet has more than one and must choose. */
const GAS_COINS = 2;
/** What a user can spend: a million tokens at a fee of a thousand, a thousand times over. */
const USER_TOMA = 1_000_000_000_000n;
/** The echelon that the dev chain's nodes are in. */
const ECHELON = 0n;
/** The contract's number for text2text. */
const TEXT2TEXT = 0n;
/** No other echelon to compare with. */
const RELATIVE_PERFORMANCE = 100n;

/** A node that is registered: its key, badge and small id. */
export interface DevnetNode {
  /** `suiprivkey1…` */
  readonly secretKey: string;
  readonly address: string;
  readonly badgeId: string;
  readonly smallId: bigint;
}

/** A user with gas, and TOMA to spend. */
export interface DevnetUser {
  /** `suiprivkey1…` */
  readonly secretKey: string;
  readonly address: string;
  readonly tomaCoinId: string;
}

/** The owner of the contract's manager badge, with gas. */
export interface DevnetManager {
  /** `suiprivkey1…` */
  readonly secretKey: string;
  readonly address: string;
  readonly badgeId: string;
}

type AccountOptions = Pick<DevnetOptions, 'model' | 'inputFeePerToken' | 'outputFeePerToken'>;

/** Makes the model, nodes and users that a dev chain begins with, by transactions like anybody's. */
export class Accounts {
  readonly #options: AccountOptions;
  readonly #genesis: Genesis;
  readonly #random: RandomSource;

  constructor(
    options: AccountOptions,
    modules: { readonly genesis: Genesis; readonly random: RandomSource },
  ) {
    this.#options = options;
    this.#genesis = modules.genesis;
    this.#random = modules.random;
  }

  manager(): DevnetManager {
    const { keypair, address, badgeId } = this.#genesis.manager;
    return { secretKey: keypair.getSecretKey(), address, badgeId };
  }

  /** Adds the model with its echelon. */
  registerModel(): void {
    const { model, inputFeePerToken, outputFeePerToken } = this.#options;
    const { manager, ids, ledger } = this.#genesis;
    runAs(ledger, manager.address, (tx) => {
      const head = () => [tx.object(ids.atomaDbId), tx.object(manager.badgeId), tx.pure.string(model)];
      tx.moveCall({
        target: `${ids.packageId}::db::add_model_entry`,
        arguments: [...head(), tx.pure.u64(TEXT2TEXT)],
      });
      const fees = [tx.pure.u64(inputFeePerToken), tx.pure.u64(outputFeePerToken)];
      tx.moveCall({
        target: `${ids.packageId}::db::add_model_echelon_entry`,
        arguments: [...head(), tx.pure.u64(ECHELON), ...fees, tx.pure.u64(RELATIVE_PERFORMANCE)],
      });
    });
  }

  /** @param gasMist what the node has left for gas, in one coin; two full coins where it is not given */
  addNode(gasMist?: bigint): DevnetNode {
    const { ids, ledger, faucet } = this.#genesis;
    const { keypair, address } = newAccount(this.#random);
    const tomaCoinId = this.#fund(address, COLLATERAL);
    const registered = runAs(ledger, address, (tx) => {
      tx.moveCall({
        target: `${ids.packageId}::db::register_node_entry`,
        arguments: [tx.object(ids.atomaDbId), tx.object(tomaCoinId)],
      });
    });
    const badgeId = createdId(registered, nodeBadgeType(ids));
    runAs(ledger, address, (tx) => {
      const name = tx.pure.string(this.#options.model);
      tx.moveCall({
        target: `${ids.packageId}::db::add_node_to_model`,
        arguments: [tx.object(ids.atomaDbId), tx.object(badgeId), name, tx.pure.u64(ECHELON)],
      });
    });
    const smallId = badgeSmallId(ledger.objects.get(badgeId)?.contents ?? new Uint8Array());
    if (gasMist !== undefined) {
      this.#takeGas(address, faucet.address);
      this.pay(address, gasMist);
    }
    return { secretKey: keypair.getSecretKey(), address, badgeId, smallId };
  }

  /** Sends one gas coin out of the faucet. */
  pay(address: string, amountMist: bigint): void {
    const { faucet, ledger } = this.#genesis;
    runAs(ledger, faucet.address, (tx) => {
      tx.transferObjects([tx.splitCoins(tx.gas, [tx.pure.u64(amountMist)])], address);
    });
  }

  /** Registration costs gas, so that an account can be left with little of it only afterwards. */
  #takeGas(address: string, recipient: string): void {
    // The chain pays with all coins of an account at once, so that they are one afterwards.
    runAs(this.#genesis.ledger, address, (tx) => tx.transferObjects([tx.gas], recipient));
  }

  addUser(): DevnetUser {
    const { keypair, address } = newAccount(this.#random);
    const tomaCoinId = this.#fund(address, USER_TOMA);
    return { secretKey: keypair.getSecretKey(), address, tomaCoinId };
  }

  /** Sends gas coins and a coin of TOMA out of the faucet. @returns the id of the latter */
  #fund(address: string, toma: bigint): string {
    const { faucet, ids, ledger } = this.#genesis;
    const committed = runAs(ledger, faucet.address, (tx) => fund(tx, faucet, toma, address));
    return createdId(committed, coinOf(tomaType(ids)));
  }
}

function fund(
  tx: Transaction,
  faucet: GenesisAccount & { readonly tomaCoinId: string },
  toma: bigint,
  address: string,
): void {
  const amounts = Array.from({ length: GAS_COINS }, () => tx.pure.u64(GAS_COIN_MIST));
  const gas = tx.splitCoins(tx.gas, amounts);
  const [coin] = tx.splitCoins(tx.object(faucet.tomaCoinId), [tx.pure.u64(toma)]);
  const coins = amounts.flatMap((_, index) => gas[index] ?? []);
  tx.transferObjects(coin === undefined ? coins : [...coins, coin], address);
}
