import { bcs } from '@mysten/sui/bcs';
import { SUI_FRAMEWORK } from './addresses.js';
import { argumentFailure, ExecutionFailure, type MoveLocation } from './failure.js';
import { coinOf } from './types.js';

const U64_MAX = 18_446_744_073_709_551_615n;
/** `sui::balance::ENotEnough` and `EOverflow`. */
const NOT_ENOUGH = 2n;
const OVERFLOW = 1n;

/** `sui::balance::Balance<T>`: money in the hands of a transaction. It can be split and joined, never made. */
export class Balance {
  readonly coinType: string;
  #value: bigint;

  constructor(coinType: string, value: bigint) {
    this.coinType = coinType;
    this.#value = value;
  }

  get value(): bigint {
    return this.#value;
  }

  /** @throws ExecutionFailure where it holds less. */
  split(amount: bigint): Balance {
    if (amount > this.#value) throw balanceAbort('split', NOT_ENOUGH, `${amount} of ${this.#value}`);
    this.#value -= amount;
    return new Balance(this.coinType, amount);
  }

  /** Takes all of another balance, which is left empty. */
  join(other: Balance): void {
    if (other === this) throw argumentFailure(0, 'InvalidValueUsage', 'a balance cannot be joined to itself');
    if (this.#value + other.#value > U64_MAX) throw balanceAbort('join', OVERFLOW, 'more than a u64 holds');
    this.#value += other.#value;
    other.#value = 0n;
  }
}

function balanceAbort(functionName: string, code: bigint, what: string): ExecutionFailure {
  const location: MoveLocation = { packageId: SUI_FRAMEWORK, module: 'balance', functionName };
  return new ExecutionFailure({ kind: 'moveAbort', code, location }, `balance::${functionName}: ${what}`);
}

export interface CoinValue {
  readonly kind: 'coin';
  readonly id: string;
  readonly balance: Balance;
}

export interface BalanceValue {
  readonly kind: 'balance';
  readonly balance: Balance;
}

/** An object that is no coin. Only the contract changes its contents. */
export interface ObjectValue {
  readonly kind: 'object';
  readonly id: string;
  readonly type: string;
  contents: Uint8Array;
}

/** What a slot of a programmable transaction can hold. */
export type MoveValue =
  /** BCS bytes whose type is what their user takes them for. */
  | { readonly kind: 'pure'; readonly bytes: Uint8Array }
  /** A struct with `copy` and `drop`, in BCS. */
  | { readonly kind: 'struct'; readonly type: string; readonly bytes: Uint8Array }
  | CoinValue
  | BalanceValue
  | ObjectValue
  | { readonly kind: 'vector'; readonly elementType: string; readonly elements: readonly MoveValue[] }
  | { readonly kind: 'reference'; readonly mutable: boolean; readonly to: MoveValue };

/** The value itself or, of a reference, what it refers to. */
export function dereference(value: MoveValue): MoveValue {
  return value.kind === 'reference' ? value.to : value;
}

/** Whether a value may be used twice or forgotten. */
export function isCopyable(value: MoveValue): boolean {
  if (value.kind === 'vector') return value.elements.every(isCopyable);
  return value.kind === 'pure' || value.kind === 'struct' || value.kind === 'reference';
}

/** Canonical type; undefined for pure bytes, which have none of their own. */
export function typeOfValue(value: MoveValue): string | undefined {
  switch (value.kind) {
    case 'pure':
      return undefined;
    case 'coin':
      return coinOf(value.balance.coinType);
    case 'balance':
      return `${SUI_FRAMEWORK}::balance::Balance<${value.balance.coinType}>`;
    case 'vector':
      return `vector<${value.elementType}>`;
    case 'reference':
      return typeOfValue(value.to);
    default:
      return value.type;
  }
}

const CoinContents = bcs.struct('Coin', { id: bcs.Address, balance: bcs.u64() });

/** BCS of `sui::coin::Coin`: id ‖ balance. */
export function coinContents(id: string, balance: bigint): Uint8Array {
  return CoinContents.serialize({ id, balance }).toBytes();
}

/** The balance in the contents of a coin. */
export function coinBalance(contents: Uint8Array): bigint {
  return BigInt(CoinContents.parse(contents).balance);
}
