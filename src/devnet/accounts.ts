import type { Transaction } from '@mysten/sui/transactions';
import { Catalogue, FIRST_ECHELON } from './catalogue.js';
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
/** A wallet that has no badge yet: collateral for several nodes, so that what is left shows. */
const OPERATOR_TOMA = 10n * COLLATERAL;

/** A node that is registered: its key, badge and small id. */
export interface DevnetNode {
  /** `suiprivkey1…` */
  readonly secretKey: string;
  readonly address: string;
  readonly badgeId: string;
  readonly smallId: bigint;
}

/** How a node of the dev chain begins. */
export interface NodeRequest {
  /** What it has left for gas, in one coin of so many MIST; two coins of 100 SUI where it is not given. */
  readonly gasMist?: bigint | undefined;
  /** Whether it settles disputes of the echelon, and is therefore not subscribed. Default false. */
  readonly oracle?: boolean | undefined;
  /** Default the model of genesis. */
  readonly model?: string | undefined;
  /** Default 0. */
  readonly echelon?: bigint | undefined;
}

/** A wallet with gas, and TOMA for collateral; it is not registered. */
export interface DevnetOperator {
  /** `suiprivkey1…` */
  readonly secretKey: string;
  readonly address: string;
  readonly tomaCoinId: string;
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
  readonly #catalogue: Catalogue;

  constructor(
    options: AccountOptions,
    modules: { readonly genesis: Genesis; readonly random: RandomSource },
  ) {
    this.#options = options;
    this.#genesis = modules.genesis;
    this.#random = modules.random;
    this.#catalogue = new Catalogue(options, modules);
  }

  manager(): DevnetManager {
    const { keypair, address, badgeId } = this.#genesis.manager;
    return { secretKey: keypair.getSecretKey(), address, badgeId };
  }

  /** What the manager adds. */
  get catalogue(): Catalogue {
    return this.#catalogue;
  }

  addNode(request: NodeRequest = {}): DevnetNode {
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
    const smallId = badgeSmallId(ledger.objects.get(badgeId)?.contents ?? new Uint8Array());
    const node = { secretKey: keypair.getSecretKey(), address, badgeId, smallId };
    this.#enlist(node, request);
    if (request.gasMist !== undefined) {
      this.#takeGas(address, faucet.address);
      this.pay(address, request.gasMist);
    }
    return node;
  }

  /** Subscribes a node to a model, or makes it an oracle there. */
  #enlist(node: DevnetNode, request: NodeRequest): void {
    const { ids, ledger } = this.#genesis;
    const { model = this.#options.model, echelon = FIRST_ECHELON } = request;
    if (request.oracle === true) {
      this.#catalogue.addOracle(model, echelon, node.smallId);
      return;
    }
    runAs(ledger, node.address, (tx) => {
      const name = tx.pure.string(model);
      tx.moveCall({
        target: `${ids.packageId}::db::add_node_to_model`,
        arguments: [tx.object(ids.atomaDbId), tx.object(node.badgeId), name, tx.pure.u64(echelon)],
      });
    });
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
    return this.#addWallet(USER_TOMA);
  }

  addOperator(): DevnetOperator {
    return this.#addWallet(OPERATOR_TOMA);
  }

  #addWallet(toma: bigint): DevnetUser {
    const { keypair, address } = newAccount(this.#random);
    const tomaCoinId = this.#fund(address, toma);
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
