import type { CallArg, ObjectRef } from '@mysten/sui/transactions';
import { fromBase64, normalizeSuiAddress } from '@mysten/sui/utils';
import { SUI_COIN_TYPE } from '../move/addresses.js';
import { TransactionRejected } from '../move/failure.js';
import type { Slot } from '../move/slots.js';
import { coinTypeOf } from '../move/types.js';
import { Balance, coinBalance, type MoveValue } from '../move/values.js';
import type { ObjectStore, StoredObject } from './objects.js';

/** An input of a transaction that is an object, as the transaction declared it. */
export interface ObjectInput {
  readonly object: StoredObject;
  readonly slot: Slot;
  /** Whether the transaction takes a new version of it; a shared object may be declared read-only. */
  readonly writable: boolean;
}

export interface LoadedInputs {
  /** In the transaction's order. */
  readonly slots: readonly Slot[];
  readonly objects: readonly ObjectInput[];
}

/** An object as commands see it. */
function moveValueOf(object: StoredObject): MoveValue {
  const coinType = coinTypeOf(object.type);
  return coinType === undefined
    ? { kind: 'object', id: object.id, type: object.type, contents: object.contents }
    : { kind: 'coin', id: object.id, balance: new Balance(coinType, coinBalance(object.contents)) };
}

/**
 * Loads the inputs of a transaction, exactly the versions it names.
 * @throws TransactionRejected where an object is missing, of another version or digest, or not the sender's
 */
export function loadInputs(inputs: readonly CallArg[], sender: string, store: ObjectStore): LoadedInputs {
  const slots: Slot[] = [];
  const objects: ObjectInput[] = [];
  const seen = new Set<string>();
  for (const input of inputs) {
    if (input.Pure !== undefined) {
      const bytes = fromBase64(input.Pure.bytes);
      slots.push({ value: { kind: 'pure', bytes }, mutable: true, movable: 'always' });
      continue;
    }
    const loaded = loadObject(input, sender, store);
    if (seen.has(loaded.object.id))
      throw new TransactionRejected(`Object ${loaded.object.id} is passed twice`);
    seen.add(loaded.object.id);
    objects.push(loaded);
    slots.push(loaded.slot);
  }
  return { slots, objects };
}

function loadObject(input: CallArg, sender: string, store: ObjectStore): ObjectInput {
  const shared = input.Object?.SharedObject;
  if (shared !== undefined) {
    const object = findObject(shared.objectId, store);
    const { owner } = object;
    if (owner.kind !== 'shared' || owner.initialVersion !== BigInt(shared.initialSharedVersion)) {
      throw new TransactionRejected(
        `Object ${object.id} is not shared since version ${shared.initialSharedVersion}; its owner is ${ownerText(object)}`,
      );
    }
    const slot: Slot = { value: moveValueOf(object), mutable: shared.mutable, movable: 'never' };
    return { object, slot, writable: shared.mutable };
  }
  const owned = input.Object?.ImmOrOwnedObject;
  if (owned === undefined) {
    throw new TransactionRejected(
      `The dev chain takes pure values, owned and shared objects as inputs, found ${input.$kind}`,
    );
  }
  const object = ownedObject(owned, sender, store);
  return { object, slot: { value: moveValueOf(object), mutable: true, movable: 'always' }, writable: true };
}

/**
 * The object of a reference, checked.
 * @throws TransactionRejected
 */
function ownedObject(reference: ObjectRef, owner: string, store: ObjectStore): StoredObject {
  const object = findObject(reference.objectId, store);
  const version = BigInt(reference.version);
  if (object.version !== version || object.digest !== reference.digest) {
    throw new TransactionRejected(
      `Object ID ${object.id} Version ${version} Digest ${reference.digest} is not available for consumption, current version: ${object.version}`,
      { objectId: object.id, currentVersion: object.version },
    );
  }
  if (object.owner.kind !== 'address' || object.owner.address !== owner) {
    throw new TransactionRejected(
      `Object ${object.id} is owned by ${ownerText(object)}, the transaction is sent by account address ${owner}`,
    );
  }
  return object;
}

function findObject(id: string, store: ObjectStore): StoredObject {
  const object = store.get(normalizeSuiAddress(id));
  if (object === undefined) throw new TransactionRejected(`Could not find the referenced object ${id}`);
  return object;
}

function ownerText({ owner }: StoredObject): string {
  if (owner.kind === 'address') return `account address ${owner.address}`;
  return owner.kind === 'object' ? `object ${owner.id}` : owner.kind;
}

/** The coins that pay for gas, checked: SUI, owned by the payer, none of them an input as well. */
export function loadGasCoins(
  payment: readonly ObjectRef[],
  owner: string,
  inputs: LoadedInputs,
  store: ObjectStore,
): StoredObject[] {
  const taken = new Set(inputs.objects.map(({ object }) => object.id));
  return payment.map((reference) => {
    const coin = ownedObject(reference, owner, store);
    if (coinTypeOf(coin.type) !== SUI_COIN_TYPE) {
      throw new TransactionRejected(`Gas object ${coin.id} is a ${coin.type}, wanted a coin of SUI`);
    }
    if (taken.has(coin.id)) throw new TransactionRejected(`Object ${coin.id} is passed twice`);
    taken.add(coin.id);
    return coin;
  });
}
