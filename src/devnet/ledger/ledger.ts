import { type TransactionData, TransactionDataBuilder } from '@mysten/sui/transactions';
import { normalizeSuiAddress } from '@mysten/sui/utils';
import { messageOf } from '../../core/index.js';
import type { Clock } from '../clock.js';
import type { EmittedEvent } from '../move/context.js';
import { TransactionRejected } from '../move/failure.js';
import type { FunctionTable } from '../move/function.js';
import type { RandomSource } from '../random.js';
import { CheckpointLog, type CommittedTransaction, type Epoch, type LedgerEvent } from './checkpoints.js';
import type { Effects } from './effects.js';
import { type ExecutionRequest, execute, type Outcome } from './executor.js';
import { storageCharge } from './gas.js';
import { digestOf, type ObjectDraft, ObjectStore, storeObject } from './objects.js';
import { eventPosition } from './position.js';
import type { State } from './state.js';

/** Version of everything that genesis makes. */
const GENESIS_VERSION = 1n;
const NO_EFFECTS: Effects = {
  failed: undefined,
  epoch: 0n,
  gasUsed: { computationCost: 0n, storageCost: 0n, storageRebate: 0n, nonRefundableStorageFee: 0n },
  gasObjectId: undefined,
  transactionDigest: '',
  eventsDigest: undefined,
  dependencies: [],
  lamportVersion: GENESIS_VERSION,
  changes: [],
  readOnly: [],
};
/** Of a transaction that nobody sent. */
const UNSENT = { data: undefined, bytes: new Uint8Array(), signatures: [] };

/** The chain's history and present: objects, transactions, checkpoints and epochs. */
export class Ledger {
  readonly objects = new ObjectStore();
  readonly checkpoints: CheckpointLog;
  readonly functions: FunctionTable;
  readonly clock: Clock;
  /** How long epochs are. */
  readonly epochMs: number;
  readonly #state: State;
  readonly #random: RandomSource;
  readonly #transactions = new Map<string, CommittedTransaction>();
  readonly #events: LedgerEvent[] = [];
  readonly #listeners = new Set<(sequence: bigint) => void>();

  constructor(
    options: { readonly epochMs: number; readonly seed: string },
    modules: {
      readonly functions: FunctionTable;
      readonly state: State;
      readonly clock: Clock;
      readonly random: RandomSource;
    },
  ) {
    this.epochMs = options.epochMs;
    this.functions = modules.functions;
    this.#state = modules.state;
    this.clock = modules.clock;
    this.#random = modules.random;
    this.checkpoints = new CheckpointLog(options.seed);
  }

  /** The epoch that is running. */
  get epoch(): Epoch {
    return this.checkpoints.epochs.at(-1) ?? { epoch: 0n, startMs: 0, firstCheckpoint: 0n };
  }

  /** Every event so far, in order. */
  get events(): readonly LedgerEvent[] {
    return this.#events;
  }

  /** A transaction that has not been pruned. */
  transaction(digest: string): CommittedTransaction | undefined {
    const transaction = this.#transactions.get(digest);
    return transaction !== undefined && transaction.checkpoint >= this.checkpoints.lowest
      ? transaction
      : undefined;
  }

  /** Calls back after each checkpoint, with its number, until the returned function is called. */
  onCheckpoint(listener: (sequence: bigint) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Commits events that no contract emitted, in a transaction and a checkpoint of their own: whatever bytes a
   * reader must bear.
   */
  emit(events: readonly EmittedEvent[]): CommittedTransaction {
    const seed = `${this.checkpoints.next}:${events.length}`;
    const digest = digestOf('Emission', new TextEncoder().encode(seed));
    const effects: Effects = { ...NO_EFFECTS, epoch: this.epoch.epoch, transactionDigest: digest };
    return this.#commit({ effects, events }, UNSENT);
  }

  /** Makes epoch 0 and checkpoint 0 out of the first objects and events. */
  genesis(drafts: readonly ObjectDraft[], events: readonly EmittedEvent[]): void {
    this.checkpoints.startEpoch(this.clock.now());
    const digest = digestOf('Genesis', new TextEncoder().encode(drafts.map((draft) => draft.id).join()));
    const changes = drafts.map((draft) => {
      const output = storeObject(draft, GENESIS_VERSION, digest, storageCharge(draft.contents));
      return { id: draft.id, input: undefined, output };
    });
    changes.sort((a, b) => (a.id < b.id ? -1 : 1));
    const effects: Effects = { ...NO_EFFECTS, transactionDigest: digest, changes };
    this.#commit({ effects, events }, UNSENT);
  }

  /**
   * Runs and commits a transaction whose signatures were verified, in a checkpoint of its own at once. The
   * same bytes again give the same transaction, and change nothing.
   * @throws TransactionRejected
   */
  execute(bytes: Uint8Array, signatures: readonly Uint8Array[]): CommittedTransaction {
    const digest = TransactionDataBuilder.getDigestFromBytes(bytes);
    const known = this.#transactions.get(digest);
    if (known !== undefined) return known;
    const data = parseTransaction(bytes);
    const outcome = this.#try({ data, digest, gas: 'payment' });
    if (outcome.effects.failed === undefined) this.#state.commit();
    else this.#state.discard();
    return this.#commit(outcome, { data, bytes, signatures });
  }

  /**
   * Runs a transaction and forgets what it did.
   * @throws TransactionRejected
   */
  simulate(request: ExecutionRequest): Outcome {
    const outcome = this.#try(request);
    this.#state.discard();
    return outcome;
  }

  /** Makes a checkpoint, and a new epoch where one is due. Without transactions it is empty. */
  tick(): void {
    const { startMs } = this.epoch;
    const due = Math.floor((this.clock.now() - startMs) / this.epochMs);
    if (due > 0) for (let n = 1; n <= due; n++) this.#changeEpoch(startMs + n * this.epochMs);
    else this.#seal([]);
  }

  /** Ends the epoch now, whatever its length. */
  nextEpoch(): void {
    this.#changeEpoch(this.clock.now());
  }

  #changeEpoch(startMs: number): void {
    this.#seal([]);
    this.checkpoints.startEpoch(startMs);
    this.#seal([]);
  }

  #try(request: ExecutionRequest): Outcome {
    const { data } = request;
    try {
      checkParties(data);
      checkExpiration(data, this.epoch.epoch);
      const { epoch, startMs } = this.epoch;
      const world = { objects: this.objects, functions: this.functions, random: this.#random };
      return execute({ ...world, epoch, epochStartMs: startMs, nowMs: this.clock.now() }, request);
    } catch (error) {
      this.#state.discard();
      throw error;
    }
  }

  #commit(
    outcome: Outcome,
    sent: Pick<CommittedTransaction, 'data' | 'bytes' | 'signatures'>,
  ): CommittedTransaction {
    const { effects } = outcome;
    for (const { id, output } of effects.changes) {
      if (output === undefined) this.objects.delete(id);
      else this.objects.write(output);
    }
    const checkpoint = this.checkpoints.next;
    const place = { checkpoint, transactionDigest: effects.transactionDigest, transactionIndex: 0 };
    const sender = normalizeSuiAddress(sent.data?.sender ?? '0x0');
    const events = outcome.events.map((event, eventIndex): LedgerEvent => {
      const position = eventPosition(checkpoint, 0, eventIndex);
      return { ...event, ...place, eventIndex, position, sender };
    });
    const transaction: CommittedTransaction = {
      ...sent,
      digest: effects.transactionDigest,
      effects,
      events,
      checkpoint,
      index: 0,
      timestampMs: this.clock.now(),
    };
    this.#transactions.set(transaction.digest, transaction);
    this.#events.push(...events);
    this.#seal([transaction]);
    return transaction;
  }

  #seal(transactions: readonly CommittedTransaction[]): void {
    this.checkpoints.append(transactions[0]?.timestampMs ?? this.clock.now(), transactions);
    const sequence = this.checkpoints.tip;
    for (const listener of this.#listeners) listener(sequence);
  }
}

function parseTransaction(bytes: Uint8Array): TransactionData {
  try {
    return TransactionDataBuilder.fromBytes(bytes).snapshot();
  } catch (error) {
    throw new TransactionRejected(`The transaction is no BCS of TransactionData: ${messageOf(error)}`);
  }
}

function checkParties({ sender, gasData }: TransactionData): void {
  if (sender === null) throw new TransactionRejected('The transaction has no sender');
  if (gasData.owner != null && normalizeSuiAddress(gasData.owner) !== normalizeSuiAddress(sender ?? '')) {
    throw new TransactionRejected(
      `Gas is owned by ${gasData.owner}, the sender is ${sender}; the dev chain has no sponsored transactions`,
    );
  }
}

function checkExpiration({ expiration }: TransactionData, epoch: bigint): void {
  if (expiration == null) return;
  const last = expiration.Epoch ?? expiration.ValidDuring?.maxEpoch ?? undefined;
  const first = expiration.ValidDuring?.minEpoch ?? undefined;
  if (last !== undefined && epoch > BigInt(last)) {
    throw new TransactionRejected(`Transaction Expired: it was valid until epoch ${last}, now is ${epoch}`);
  }
  if (first !== undefined && epoch < BigInt(first)) {
    throw new TransactionRejected(`Transaction is valid from epoch ${first}, now is ${epoch}`);
  }
}
