import { bcs, TypeTagSerializer } from '@mysten/sui/bcs';
import { toBase58 } from '@mysten/sui/utils';
import { blake2b } from '@noble/hashes/blake2.js';
import { SUI_COIN_TYPE } from '../move/addresses.js';
import { coinTypeOf } from '../move/types.js';

export type Owner =
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'object'; readonly id: string }
  | { readonly kind: 'shared'; readonly initialVersion: bigint }
  | { readonly kind: 'immutable' };

/** What a transaction leaves of an object; the ledger adds version and digest. */
export interface ObjectDraft {
  readonly id: string;
  readonly owner: Owner;
  /** Canonical Move type: addresses with all 64 digits. */
  readonly type: string;
  readonly contents: Uint8Array;
}

/** One version of an object. */
export interface StoredObject extends ObjectDraft {
  readonly version: bigint;
  readonly digest: string;
  readonly previousTransaction: string;
  /** MIST that whoever deletes or rewrites it gets back, less 1 %. */
  readonly storageRebate: bigint;
}

/** Types whose objects have `store`, so that anyone may transfer them. */
export function hasPublicTransfer(type: string): boolean {
  return coinTypeOf(type) !== undefined;
}

/** blake2b-256 over a domain and BCS bytes, as Sui makes every digest; base58. */
export function digestOf(domain: string, bytes: Uint8Array): string {
  const prefix = new TextEncoder().encode(`${domain}::`);
  return toBase58(blake2b.create({ dkLen: 32 }).update(prefix).update(bytes).digest());
}

function moveObjectType(type: string) {
  const coinType = coinTypeOf(type);
  if (coinType === SUI_COIN_TYPE) return { GasCoin: true as const };
  if (coinType !== undefined) return { Coin: coinType };
  const tag = TypeTagSerializer.parseFromStr(type, true);
  if (!('struct' in tag)) throw new TypeError(`${type} is no struct type, and only structs are objects`);
  return { Other: tag.struct };
}

/** An owner in the form that Sui's BCS takes. */
export function bcsOwner(owner: Owner) {
  switch (owner.kind) {
    case 'address':
      return { AddressOwner: owner.address };
    case 'object':
      return { ObjectOwner: owner.id };
    case 'shared':
      return { Shared: { initialSharedVersion: owner.initialVersion } };
    case 'immutable':
      return { Immutable: true as const };
  }
}

/** The whole object in BCS, the bytes that its digest is made over. */
export function objectBcs(object: Omit<StoredObject, 'digest'>): Uint8Array {
  return bcs.Object.serialize({
    data: {
      Move: {
        type: moveObjectType(object.type),
        hasPublicTransfer: hasPublicTransfer(object.type),
        version: object.version,
        contents: object.contents,
      },
    },
    owner: bcsOwner(object.owner),
    previousTransaction: object.previousTransaction,
    storageRebate: object.storageRebate,
  }).toBytes();
}

/** Fixes a draft as a version of its object. */
export function storeObject(
  draft: ObjectDraft,
  version: bigint,
  previousTransaction: string,
  storageRebate: bigint,
): StoredObject {
  const object = { ...draft, version, previousTransaction, storageRebate };
  return { ...object, digest: digestOf('Object', objectBcs(object)) };
}

/** The key under which an owner's objects are listed; undefined for what nobody owns. */
function ownerKey(owner: Owner): string | undefined {
  if (owner.kind === 'address') return owner.address;
  return owner.kind === 'object' ? owner.id : undefined;
}

/** Every object of the chain, in every version it had. */
export class ObjectStore {
  readonly #live = new Map<string, StoredObject>();
  readonly #history = new Map<string, StoredObject[]>();
  readonly #owned = new Map<string, Set<string>>();

  /** The newest version, unless it was deleted. */
  get(id: string): StoredObject | undefined {
    return this.#live.get(id);
  }

  getVersion(id: string, version: bigint): StoredObject | undefined {
    return this.#history.get(id)?.find((object) => object.version === version);
  }

  /** What an address or an object owns, in the order of ids. */
  ownedBy(owner: string): StoredObject[] {
    const ids = [...(this.#owned.get(owner) ?? [])].sort();
    return ids.flatMap((id) => this.#live.get(id) ?? []);
  }

  all(): Iterable<StoredObject> {
    return this.#live.values();
  }

  write(object: StoredObject): void {
    this.#unlist(object.id);
    this.#live.set(object.id, object);
    const versions = this.#history.get(object.id);
    if (versions === undefined) this.#history.set(object.id, [object]);
    else versions.push(object);
    const key = ownerKey(object.owner);
    if (key === undefined) return;
    const listed = this.#owned.get(key);
    if (listed === undefined) this.#owned.set(key, new Set([object.id]));
    else listed.add(object.id);
  }

  delete(id: string): void {
    this.#unlist(id);
    this.#live.delete(id);
  }

  #unlist(id: string): void {
    const current = this.#live.get(id);
    const key = current === undefined ? undefined : ownerKey(current.owner);
    if (key === undefined) return;
    const listed = this.#owned.get(key);
    listed?.delete(id);
    if (listed?.size === 0) this.#owned.delete(key);
  }
}
