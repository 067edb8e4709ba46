import type { StoredObject } from './objects.js';

/** MIST for a unit of computation; Sui's reference gas price is of this order. */
export const REFERENCE_GAS_PRICE = 1000n;
/** Units that every transaction is charged: Sui's lowest computation bucket, where simple calls fall. */
const COMPUTATION_UNITS = 1000n;
/** MIST to store a byte: Sui's 100 units a byte at 76 MIST a unit. */
const STORAGE_MIST_PER_BYTE = 7_600n;
/** What Sui's metering counts of an object besides its contents: id, version, owner, digest, type. */
const OBJECT_OVERHEAD_BYTES = 150;
/** Of a storage rebate, 1 % is kept. */
const REBATE_KEPT_DIVISOR = 100n;
/** Sui's `max_tx_gas`: 50 SUI. */
export const MAX_BUDGET = 50_000_000_000n;
/** Sui's `max_gas_payment_objects`. */
export const MAX_GAS_COINS = 256;
/** What a budget estimate adds, in units, so that a little growth between estimate and execution is covered. */
const ESTIMATE_HEADROOM_UNITS = 1000n;

/** A coin's id and balance. */
const COIN_CONTENTS_BYTES = 40;

/** In MIST, the parts that Sui reports. */
export interface GasUsed {
  readonly computationCost: bigint;
  readonly storageCost: bigint;
  readonly storageRebate: bigint;
  readonly nonRefundableStorageFee: bigint;
}

/** What an object of this size is charged, and gives back when it goes. */
export function storageCharge(contents: Uint8Array): bigint {
  return BigInt(contents.length + OBJECT_OVERHEAD_BYTES) * STORAGE_MIST_PER_BYTE;
}

/** The least that a transaction at this price costs, and so its least budget. */
export function computationCost(price: bigint): bigint {
  return COMPUTATION_UNITS * price;
}

/**
 * @param replaced objects that are rewritten or deleted
 * @param contents of every object that is written
 */
export function gasUsed(
  price: bigint,
  replaced: readonly StoredObject[],
  contents: readonly Uint8Array[],
): GasUsed {
  const stored = replaced.reduce((sum, object) => sum + object.storageRebate, 0n);
  const kept = stored / REBATE_KEPT_DIVISOR;
  return {
    computationCost: computationCost(price),
    storageCost: contents.reduce((sum, bytes) => sum + storageCharge(bytes), 0n),
    storageRebate: stored - kept,
    nonRefundableStorageFee: kept,
  };
}

/** The charge of a transaction whose budget did not suffice: all of it, and storage stays as it was. */
export function gasOfExhaustedBudget(budget: bigint): GasUsed {
  return { computationCost: budget, storageCost: 0n, storageRebate: 0n, nonRefundableStorageFee: 0n };
}

/** What leaves the gas coin; negative where more storage is freed than used. */
export function netGas(used: GasUsed): bigint {
  return used.computationCost + used.storageCost - used.storageRebate;
}

/** A budget that covers what a simulation without a gas coin used, with that coin and some headroom. */
export function estimatedBudget(used: GasUsed, price: bigint): bigint {
  const headroom = ESTIMATE_HEADROOM_UNITS * price + storageCharge(new Uint8Array(COIN_CONTENTS_BYTES));
  return larger(netGas(used), used.computationCost) + headroom;
}

/** `Math.max`, which takes no bigint. */
function larger(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}
