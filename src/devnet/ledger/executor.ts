import type { TransactionData } from '@mysten/sui/transactions';
import { normalizeSuiAddress } from '@mysten/sui/utils';
import { type EmittedEvent, TransactionContext } from '../move/context.js';
import { ExecutionFailure } from '../move/failure.js';
import type { FunctionTable } from '../move/function.js';
import { checkAfterRandom, type FailedAt, Interpreter } from '../move/interpreter.js';
import { Slots } from '../move/slots.js';
import { coinContents } from '../move/values.js';
import type { RandomSource } from '../random.js';
import type { Effects, ObjectChange } from './effects.js';
import { eventsDigest } from './events.js';
import { type GasUsed, gasOfExhaustedBudget, gasUsed, netGas, storageCharge } from './gas.js';
import { GasPurse, type GasTerms } from './gas-purse.js';
import { type LoadedInputs, loadGasCoins, loadInputs } from './inputs.js';
import { type ObjectDraft, type ObjectStore, type StoredObject, storeObject } from './objects.js';

/** What a transaction runs against. */
export interface World {
  readonly objects: ObjectStore;
  readonly functions: FunctionTable;
  readonly random: RandomSource;
  readonly epoch: bigint;
  readonly epochStartMs: number;
  /** ms since 1970 */
  readonly nowMs: number;
}

/** A transaction with nothing left to resolve. `gas` is mocked in simulations that choose no coins. */
export interface ExecutionRequest {
  readonly data: TransactionData;
  readonly digest: string;
  readonly gas: 'mock' | 'payment';
}

/** What a transaction would change; the ledger applies it or forgets it. */
export interface Outcome {
  readonly effects: Effects;
  readonly events: readonly EmittedEvent[];
}

/** What the commands left: objects to write and ids to delete, gas not counted. */
interface Result {
  readonly failed: FailedAt | undefined;
  readonly written: ReadonlyMap<string, ObjectDraft>;
  readonly deleted: ReadonlySet<string>;
  readonly events: readonly EmittedEvent[];
}

/**
 * Runs a transaction. Contract state is left pending: the caller commits or discards it.
 * @throws TransactionRejected where it cannot even be tried
 */
export function execute(world: World, request: ExecutionRequest): Outcome {
  const { data, digest } = request;
  const sender = normalizeSuiAddress(data.sender ?? '0x0');
  const inputs = loadInputs(data.inputs, sender, world.objects);
  const terms = gasTerms(data);
  const coins =
    request.gas === 'mock' ? undefined : loadGasCoins(terms.payment, terms.owner, inputs, world.objects);
  const purse = new GasPurse(coins, terms);
  checkAfterRandom(data.commands, world.functions);
  const context = new TransactionContext({ ...world, sender, digest });
  const slots = new Slots(inputs.slots, purse.slot);
  const failed = new Interpreter({ functions: world.functions, context, slots }).run(data.commands);
  const result = failed === undefined ? succeeded(inputs, context) : untouched(inputs, failed);
  return settle(world, { inputs, terms, purse, sender, digest, result });
}

function gasTerms(data: TransactionData): GasTerms {
  const { owner, price, budget, payment } = data.gasData;
  return {
    owner: normalizeSuiAddress(owner ?? data.sender ?? '0x0'),
    price: BigInt(price ?? 0),
    budget: BigInt(budget ?? 0),
    payment: payment ?? [],
  };
}

function succeeded(inputs: LoadedInputs, context: TransactionContext): Result {
  const written = new Map(context.written);
  for (const { object, slot, writable } of inputs.objects) {
    if (!writable || slot.value === undefined) continue;
    const { id, owner, type } = object;
    const contents =
      slot.value.kind === 'coin'
        ? coinContents(id, slot.value.balance.value)
        : slot.value.kind === 'object'
          ? slot.value.contents
          : object.contents;
    written.set(id, { id, owner, type, contents });
  }
  return { failed: undefined, written, deleted: context.deleted, events: context.events };
}

/** A failed transaction takes new versions of its inputs, with the old contents. */
function untouched(inputs: LoadedInputs, failed: FailedAt): Result {
  const written = new Map<string, ObjectDraft>();
  for (const { object, writable } of inputs.objects) if (writable) written.set(object.id, object);
  return { failed, written, deleted: new Set(), events: [] };
}

interface Settlement {
  readonly inputs: LoadedInputs;
  readonly terms: GasTerms;
  readonly purse: GasPurse;
  readonly sender: string;
  readonly digest: string;
  readonly result: Result;
}

/** Charges gas and fixes versions. */
function settle(world: World, settlement: Settlement): Outcome {
  const { inputs, terms, purse, digest, result } = settlement;
  const { written, deleted } = purse.include(result.written, result.deleted);
  const replaced = [...written.keys(), ...deleted].flatMap((id) => world.objects.get(id) ?? []);
  const contents = [...written.values()].map((draft) => draft.contents);
  const needed = gasUsed(terms.price, replaced, contents);
  const exhausted = result.failed?.failure.reason.kind === 'insufficientGas';
  if (!exhausted && netGas(needed) > terms.budget) {
    const message = `the transaction needs ${netGas(needed)} MIST of gas, its budget is ${terms.budget}`;
    const failure = new ExecutionFailure({ kind: 'insufficientGas' }, message);
    return settle(world, { ...settlement, result: untouched(inputs, { failure, command: undefined }) });
  }
  const used = exhausted ? gasOfExhaustedBudget(terms.budget) : needed;
  const lamport = lamportVersion([...inputs.objects.map(({ object }) => object), ...purse.coins]);
  const stored = [...written.values()].map((draft) => {
    const charged = purse.charge(draft, netGas(used), result.failed !== undefined);
    const rebate = exhausted ? keptRebate(world.objects, draft.id, purse) : storageCharge(draft.contents);
    return storeObject(charged, lamport, digest, rebate);
  });
  const effects = describe(world, settlement, { used, lamport, stored, deleted });
  return { effects, events: result.events };
}

/** Where storage is not charged, an object keeps its rebate, and the gas coin those of the coins merged into it. */
function keptRebate(objects: ObjectStore, id: string, purse: GasPurse): bigint {
  if (id !== purse.id) return objects.get(id)?.storageRebate ?? 0n;
  return purse.coins.reduce((sum, coin) => sum + coin.storageRebate, 0n);
}

/** Sui's Lamport clock: one more than the newest version that went in. */
function lamportVersion(inputs: readonly StoredObject[]): bigint {
  let newest = 0n;
  for (const { version } of inputs) if (version > newest) newest = version;
  return newest + 1n;
}

interface Written {
  readonly used: GasUsed;
  readonly lamport: bigint;
  readonly stored: readonly StoredObject[];
  readonly deleted: ReadonlySet<string>;
}

function describe(world: World, settlement: Settlement, written: Written): Effects {
  const { inputs, purse, sender, digest, result } = settlement;
  const consumed = [...inputs.objects.map(({ object }) => object), ...purse.coins];
  return {
    failed: result.failed,
    epoch: world.epoch,
    gasUsed: written.used,
    gasObjectId: purse.id,
    transactionDigest: digest,
    eventsDigest: result.events.length === 0 ? undefined : eventsDigest(result.events, sender),
    dependencies: [...new Set(consumed.map((object) => object.previousTransaction))].sort(),
    lamportVersion: written.lamport,
    changes: objectChanges(world.objects, written),
    readOnly: inputs.objects.filter(({ writable }) => !writable).map(({ object }) => object),
  };
}

function objectChanges(objects: ObjectStore, { stored, deleted }: Written): ObjectChange[] {
  const changes: ObjectChange[] = stored.map((output) => {
    return { id: output.id, input: objects.get(output.id), output };
  });
  for (const id of deleted) {
    const input = objects.get(id);
    if (input !== undefined) changes.push({ id, input, output: undefined });
  }
  return changes.sort((a, b) => (a.id < b.id ? -1 : 1));
}
