import { type TransactionData, TransactionDataBuilder } from '@mysten/sui/transactions';
import { normalizeSuiAddress } from '@mysten/sui/utils';
import type { Outcome } from '../ledger/executor.js';
import { estimatedBudget, MAX_BUDGET, MAX_GAS_COINS, REFERENCE_GAS_PRICE } from '../ledger/gas.js';
import type { Ledger } from '../ledger/ledger.js';
import { digestOf, type StoredObject } from '../ledger/objects.js';
import { SUI_COIN_TYPE } from '../move/addresses.js';
import { passedParameters } from '../move/function.js';
import { coinOf } from '../move/types.js';
import { coinBalance } from '../move/values.js';
import { invalidArgument, notFound } from '../status.js';

type Command = TransactionData['commands'][number];
type Input = TransactionData['inputs'][number];

/** A transaction made whole, and what running it would do. */
export interface Simulation {
  readonly data: TransactionData;
  readonly digest: string;
  readonly outcome: Outcome;
}

/**
 * Fills in what a client left open: versions and digests of objects, how shared objects are used, the gas
 * price, and on request the budget and the coins; then runs it.
 * @throws RpcFailure, TransactionRejected
 */
export function simulate(ledger: Ledger, asked: TransactionData, selectGas: boolean): Simulation {
  const inputs = asked.inputs.map((input, index) => resolveInput(ledger, asked, input, index));
  const price = asked.gasData.price ?? String(REFERENCE_GAS_PRICE);
  const data: TransactionData = { ...asked, inputs, gasData: { ...asked.gasData, price } };
  const paid = (data.gasData.payment ?? []).length > 0;
  if (data.gasData.budget != null && (paid || !selectGas)) return run(ledger, data, paid);
  const budget = data.gasData.budget ?? estimateBudget(ledger, data);
  const budgeted = { ...data, gasData: { ...data.gasData, budget } };
  if (paid || !selectGas) return run(ledger, budgeted, paid);
  const payment = selectCoins(ledger, budgeted, BigInt(budget));
  return run(ledger, { ...budgeted, gasData: { ...budgeted.gasData, payment } }, true);
}

function run(ledger: Ledger, data: TransactionData, paid: boolean): Simulation {
  const digest = digestOfData(data);
  const outcome = ledger.simulate({ data, digest, gas: paid ? 'payment' : 'mock' });
  return { data, digest, outcome };
}

/** The digest the transaction has once it is signed; without a payment it has no bytes yet, so one of its own. */
function digestOfData(data: TransactionData): string {
  if ((data.gasData.payment ?? []).length === 0 || data.sender == null) {
    return digestOf('Simulation', new TextEncoder().encode(JSON.stringify(data)));
  }
  return TransactionDataBuilder.getDigestFromBytes(new TransactionDataBuilder(data).build());
}

function estimateBudget(ledger: Ledger, data: TransactionData): string {
  const gasData = { ...data.gasData, budget: String(MAX_BUDGET) };
  const { outcome } = run(ledger, { ...data, gasData }, false);
  const budget = estimatedBudget(outcome.effects.gasUsed, BigInt(data.gasData.price ?? 0));
  if (budget > MAX_BUDGET) return String(MAX_BUDGET);
  return String(budget);
}

/** The largest coins first, until they cover the budget; all of them where commands spend the gas coin. */
function selectCoins(
  ledger: Ledger,
  data: TransactionData,
  budget: bigint,
): { objectId: string; version: string; digest: string }[] {
  const owner = normalizeSuiAddress(data.gasData.owner ?? data.sender ?? '0x0');
  const inputs = new Set(data.inputs.map((input) => input.Object?.ImmOrOwnedObject?.objectId));
  const coins = ledger.objects
    .ownedBy(owner)
    .filter((object) => object.type === coinOf(SUI_COIN_TYPE) && !inputs.has(object.id))
    .sort((a, b) => (coinBalance(a.contents) > coinBalance(b.contents) ? -1 : 1))
    .slice(0, MAX_GAS_COINS);
  const spendsGasCoin = JSON.stringify(data.commands).includes('"GasCoin"');
  const chosen: StoredObject[] = [];
  let sum = 0n;
  for (const coin of coins) {
    if (sum >= budget && !spendsGasCoin) break;
    chosen.push(coin);
    sum += coinBalance(coin.contents);
  }
  if (sum < budget) {
    throw invalidArgument(
      `Unable to perform gas selection due to insufficient SUI balance for account ${owner} to satisfy required budget ${budget}; its coins hold ${sum} MIST.`,
    );
  }
  return chosen.map(({ id, version, digest }) => ({ objectId: id, version: String(version), digest }));
}

function resolveInput(ledger: Ledger, data: TransactionData, input: Input, index: number): Input {
  const open = input.UnresolvedObject;
  if (open === undefined) return input;
  const objectId = normalizeSuiAddress(open.objectId);
  const object = ledger.objects.get(objectId);
  if (object === undefined) throw notFound(`Object ${objectId} not found`);
  if (object.owner.kind === 'shared') {
    const SharedObject = {
      objectId,
      initialSharedVersion: String(object.owner.initialVersion),
      mutable: data.commands.some((command) => mutates(ledger, command, index)),
    };
    return { $kind: 'Object', Object: { $kind: 'SharedObject', SharedObject } };
  }
  if (object.owner.kind === 'object') {
    throw invalidArgument(`Object ${objectId} is owned by object ${object.owner.id} and cannot be an input`);
  }
  const version = open.version ?? String(object.version);
  const ImmOrOwnedObject = { objectId, version, digest: open.digest ?? object.digest };
  return { $kind: 'Object', Object: { $kind: 'ImmOrOwnedObject', ImmOrOwnedObject } };
}

/** Whether a command needs an input as `&mut` or by value: what a full node reads from Move signatures. */
function mutates(ledger: Ledger, command: Command, input: number): boolean {
  const call = command.MoveCall;
  if (call === undefined) return true;
  const used = call.arguments.flatMap((argument, index) => {
    return 'Input' in argument && argument.Input === input ? [index] : [];
  });
  if (used.length === 0) return false;
  const packageId = normalizeSuiAddress(call.package);
  const definition = ledger.functions.get(packageId, call.module, call.function);
  if (definition === undefined) {
    throw invalidArgument(`there is no function ${packageId}::${call.module}::${call.function}`);
  }
  const parameters = passedParameters(definition);
  return used.some((index) => parameters[index]?.reference !== 'immutable');
}
