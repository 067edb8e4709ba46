import type { ObjectRef } from '@mysten/sui/transactions';
import { normalizeSuiAddress } from '@mysten/sui/utils';
import { SUI_COIN_TYPE } from '../move/addresses.js';
import { TransactionRejected } from '../move/failure.js';
import type { Slot } from '../move/slots.js';
import { coinOf } from '../move/types.js';
import { Balance, coinBalance, coinContents } from '../move/values.js';
import { computationCost, MAX_BUDGET, MAX_GAS_COINS, REFERENCE_GAS_PRICE } from './gas.js';
import type { ObjectDraft, StoredObject } from './objects.js';

/** What a transaction offers for its gas. */
export interface GasTerms {
  readonly owner: string;
  readonly price: bigint;
  readonly budget: bigint;
  readonly payment: readonly ObjectRef[];
}

/** What a simulation without coins pretends to hold besides its budget, in MIST: a billion SUI. */
const MOCK_BALANCE = 1_000_000_000_000_000_000n;
const MOCK_ID = normalizeSuiAddress('0x0');

/**
 * The gas coins of a transaction, merged into the first one. While its commands run, the budget is set
 * aside; what is left of it comes back.
 */
export class GasPurse {
  /** The coins paid with; none in a simulation that pretends. */
  readonly coins: readonly StoredObject[];
  readonly slot: Slot;
  readonly #terms: GasTerms;
  readonly #total: bigint;
  readonly #working: Balance;

  /**
   * @param coins undefined pretends there is enough
   * @throws TransactionRejected where coins or terms are no payment
   */
  constructor(coins: readonly StoredObject[] | undefined, terms: GasTerms) {
    checkTerms(terms);
    this.coins = coins ?? [];
    this.#terms = terms;
    this.#total =
      coins === undefined
        ? MOCK_BALANCE + terms.budget
        : coins.reduce((sum, coin) => sum + coinBalance(coin.contents), 0n);
    if (coins !== undefined) checkCoins(coins, this.#total, terms.budget);
    this.#working = new Balance(SUI_COIN_TYPE, this.#total - terms.budget);
    const value = { kind: 'coin', id: this.id ?? MOCK_ID, balance: this.#working } as const;
    this.slot = { value, mutable: true, movable: 'transfer-only' };
  }

  /** The coin that pays; undefined in a simulation that pretends. */
  get id(): string | undefined {
    return this.coins[0]?.id;
  }

  /** Adds the gas coin to what is written, and the coins merged into it to what is deleted. */
  include(
    written: ReadonlyMap<string, ObjectDraft>,
    deleted: ReadonlySet<string>,
  ): { readonly written: Map<string, ObjectDraft>; readonly deleted: Set<string> } {
    const all = { written: new Map(written), deleted: new Set(deleted) };
    const { id } = this;
    if (id === undefined) return all;
    const owner = written.get(id)?.owner ?? { kind: 'address', address: this.#terms.owner };
    all.written.set(id, { id, owner, type: coinOf(SUI_COIN_TYPE), contents: coinContents(id, 0n) });
    for (const coin of this.coins.slice(1)) all.deleted.add(coin.id);
    return all;
  }

  /**
   * Fills in the gas coin's balance; other drafts pass as they are.
   * @param net what gas costs, in MIST
   * @param failed commands that failed took nothing out of the coin
   */
  charge(draft: ObjectDraft, net: bigint, failed: boolean): ObjectDraft {
    if (draft.id !== this.id) return draft;
    const left = failed ? this.#total : this.#working.value + this.#terms.budget;
    return { ...draft, contents: coinContents(draft.id, left - net) };
  }
}

function checkTerms({ price, budget }: GasTerms): void {
  if (price < REFERENCE_GAS_PRICE) {
    throw new TransactionRejected(`Gas price ${price} under reference gas price ${REFERENCE_GAS_PRICE}`);
  }
  const least = computationCost(price);
  if (budget < least) throw new TransactionRejected(`Gas budget: ${budget} is lower than min: ${least}`);
  if (budget > MAX_BUDGET)
    throw new TransactionRejected(`Gas budget: ${budget} is higher than max: ${MAX_BUDGET}`);
}

function checkCoins(coins: readonly StoredObject[], total: bigint, budget: bigint): void {
  if (coins.length === 0) {
    throw new TransactionRejected('No gas coin is given; the dev chain has no gas from address balances');
  }
  if (coins.length > MAX_GAS_COINS) {
    throw new TransactionRejected(
      `${coins.length} gas coins are given, at most ${MAX_GAS_COINS} are allowed`,
    );
  }
  if (total < budget) {
    throw new TransactionRejected(
      `Balance of gas object ${total} is lower than the needed amount: ${budget}`,
    );
  }
}
