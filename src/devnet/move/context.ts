import { fromBase58, normalizeSuiAddress, toHex } from '@mysten/sui/utils';
import { blake2b } from '@noble/hashes/blake2.js';
import type { ObjectDraft, Owner } from '../ledger/objects.js';
import type { RandomSource } from '../random.js';
import { coinOf } from './types.js';
import { type Balance, type CoinValue, coinContents, type MoveValue } from './values.js';

/** Domain byte of ids that a transaction makes: `HashingIntentScope::RegularObjectId`. */
const OBJECT_ID_SCOPE = 0xf1;

/** An event as the contract emits it. */
export interface EmittedEvent {
  /** The top-level call that led to it. */
  readonly packageId: string;
  readonly module: string;
  /** Canonical type of the struct. */
  readonly type: string;
  readonly bytes: Uint8Array;
  /** The struct as Sui renders it in JSON. */
  readonly json: unknown;
}

interface ContextOptions {
  readonly sender: string;
  /** Digest of the transaction, base58. */
  readonly digest: string;
  readonly epoch: bigint;
  readonly epochStartMs: number;
  readonly nowMs: number;
  readonly random: RandomSource;
}

/** What one transaction can see of the world and leaves behind; nothing of it counts until it succeeded. */
export class TransactionContext {
  readonly sender: string;
  readonly digest: string;
  readonly epoch: bigint;
  readonly epochStartMs: number;
  /** The chain's clock, ms since 1970: the dev chain's own, a contract on Sui sees the epoch's start alone. */
  readonly nowMs: number;
  readonly random: RandomSource;
  readonly events: EmittedEvent[] = [];
  /** Objects written besides the transaction's inputs, or moved to another owner. */
  readonly written = new Map<string, ObjectDraft>();
  readonly deleted = new Set<string>();
  /** The call that is running, for events: package and module. */
  currentCall: { readonly packageId: string; readonly module: string } = { packageId: '', module: '' };
  #created = 0n;

  constructor(options: ContextOptions) {
    this.sender = options.sender;
    this.digest = options.digest;
    this.epoch = options.epoch;
    this.epochStartMs = options.epochStartMs;
    this.nowMs = options.nowMs;
    this.random = options.random;
  }

  /** A fresh id: blake2b-256(0xf1 ‖ digest ‖ u64_le(counter)), as `sui::tx_context` derives it. */
  newId(): string {
    const bytes = new Uint8Array(41);
    bytes[0] = OBJECT_ID_SCOPE;
    bytes.set(fromBase58(this.digest), 1);
    new DataView(bytes.buffer).setBigUint64(33, this.#created++, true);
    return normalizeSuiAddress(toHex(blake2b(bytes, { dkLen: 32 })));
  }

  emit(type: string, bytes: Uint8Array, json: unknown): void {
    this.events.push({ ...this.currentCall, type, bytes, json });
  }

  write(draft: ObjectDraft): void {
    this.deleted.delete(draft.id);
    this.written.set(draft.id, draft);
  }

  delete(id: string): void {
    this.written.delete(id);
    this.deleted.add(id);
  }

  /** A coin of its own around a balance; it belongs to nobody until it is transferred. */
  newCoin(balance: Balance): CoinValue {
    return { kind: 'coin', id: this.newId(), balance };
  }

  /** Gives a coin or another object to an address. */
  transfer(value: MoveValue, recipient: string): void {
    const owner: Owner = { kind: 'address', address: recipient };
    if (value.kind === 'coin') {
      const contents = coinContents(value.id, value.balance.value);
      this.write({ id: value.id, owner, type: coinOf(value.balance.coinType), contents });
    } else if (value.kind === 'object') {
      this.write({ id: value.id, owner, type: value.type, contents: value.contents });
    }
  }
}
