import type { Argument, TransactionData } from '@mysten/sui/transactions';
import { normalizeSuiAddress } from '@mysten/sui/utils';
import { bindArgument } from './arguments.js';
import type { TransactionContext } from './context.js';
import { argumentFailure, ExecutionFailure, TransactionRejected } from './failure.js';
import { Arguments, abortIn, type FunctionTable, passedParameters, takesRandom } from './function.js';
import type { Slots } from './slots.js';
import { canonicalType } from './types.js';
import { type CoinValue, type MoveValue, typeOfValue } from './values.js';

/** The failure of a transaction and the command at which it happened. */
export interface FailedAt {
  readonly failure: ExecutionFailure;
  /** undefined where it was no single command's fault. */
  readonly command: number | undefined;
}

type Command = TransactionData['commands'][number];
type MoveCall = NonNullable<Command['MoveCall']>;

/**
 * Sui lets only transfers and merges follow a call that draws randomness, so that nobody can undo an
 * outcome that they dislike.
 * @throws TransactionRejected
 */
export function checkAfterRandom(commands: readonly Command[], functions: FunctionTable): void {
  let drawn = false;
  for (const command of commands) {
    if (drawn && command.TransferObjects === undefined && command.MergeCoins === undefined) {
      throw new TransactionRejected(
        `PostRandomCommandRestrictions: after a call that takes 0x8 only TransferObjects and MergeCoins may follow, found ${command.$kind}`,
      );
    }
    const call = command.MoveCall;
    const definition = call && functions.get(normalizeSuiAddress(call.package), call.module, call.function);
    drawn ||= definition !== undefined && takesRandom(definition);
  }
}

/** Runs the commands of a programmable transaction over its slots. */
export class Interpreter {
  readonly #functions: FunctionTable;
  readonly #context: TransactionContext;
  readonly #slots: Slots;

  constructor(modules: {
    readonly functions: FunctionTable;
    readonly context: TransactionContext;
    readonly slots: Slots;
  }) {
    this.#functions = modules.functions;
    this.#context = modules.context;
    this.#slots = modules.slots;
  }

  /** @returns where it failed; undefined where every command went through. */
  run(commands: readonly Command[]): FailedAt | undefined {
    for (const [index, command] of commands.entries()) {
      const failure = failureOf(() => this.#slots.pushResults(this.#step(command)));
      if (failure !== undefined) return { failure, command: index };
    }
    const failure = failureOf(() => this.#slots.checkNothingLeft());
    return failure && { failure, command: undefined };
  }

  #step(command: Command): readonly MoveValue[] {
    if (command.MoveCall !== undefined) return this.#call(command.MoveCall);
    if (command.SplitCoins !== undefined) {
      return this.#split(command.SplitCoins.coin, command.SplitCoins.amounts);
    }
    if (command.MergeCoins !== undefined) {
      this.#merge(command.MergeCoins.destination, command.MergeCoins.sources);
      return [];
    }
    if (command.TransferObjects !== undefined) {
      this.#transfer(command.TransferObjects.objects, command.TransferObjects.address);
      return [];
    }
    if (command.MakeMoveVec !== undefined) {
      return [this.#vector(command.MakeMoveVec.type ?? undefined, command.MakeMoveVec.elements)];
    }
    throw new ExecutionFailure(
      { kind: 'notSupported' },
      `the dev chain does not run ${command.$kind} commands`,
    );
  }

  #call(call: MoveCall): readonly MoveValue[] {
    const packageId = normalizeSuiAddress(call.package);
    const definition = this.#functions.get(packageId, call.module, call.function);
    const path = `${packageId}::${call.module}::${call.function}`;
    if (definition === undefined) {
      throw new ExecutionFailure({ kind: 'functionNotFound' }, `there is no function ${path}`);
    }
    const parameters = passedParameters(definition);
    if (call.arguments.length !== parameters.length) {
      const message = `${path} takes ${parameters.length} arguments, found ${call.arguments.length}`;
      throw new ExecutionFailure({ kind: 'arityMismatch' }, message);
    }
    if (call.typeArguments.length !== definition.typeParameters) {
      const message = `${path} takes ${definition.typeParameters} type arguments, found ${call.typeArguments.length}`;
      throw new ExecutionFailure({ kind: 'typeArityMismatch' }, message);
    }
    const typeArguments = call.typeArguments.map(canonicalType);
    const values = parameters.map((parameter, index) => {
      const argument = call.arguments[index];
      if (argument === undefined) throw argumentFailure(index, 'IndexOutOfBounds', 'no such argument');
      return bindArgument(this.#slots, argument, index, parameter, typeArguments);
    });
    this.#context.currentCall = { packageId, module: call.module };
    const abort = abortIn(definition);
    const returned = definition.run({
      context: this.#context,
      args: new Arguments(values),
      typeArguments,
      abort,
    });
    return returned ?? [];
  }

  #coin(argument: Argument, index: number): CoinValue {
    const value = this.#slots.borrowMutable(argument, index);
    if (value.kind !== 'coin') throw argumentFailure(index, 'TypeMismatch', 'wanted a coin');
    return value;
  }

  #split(coin: Argument, amounts: readonly Argument[]): MoveValue[] {
    const from = this.#coin(coin, 0).balance;
    return amounts.map((argument, index) => {
      const amount = this.#slots.u64(argument, index + 1);
      if (amount > from.value) {
        const message = `SplitCoins wants ${amount} of a coin that holds ${from.value}`;
        throw new ExecutionFailure({ kind: 'insufficientCoinBalance' }, message);
      }
      return this.#context.newCoin(from.split(amount));
    });
  }

  #merge(destination: Argument, sources: readonly Argument[]): void {
    const into = this.#coin(destination, 0);
    for (const [index, argument] of sources.entries()) {
      const source = this.#slots.take(argument, index + 1);
      if (source.kind !== 'coin' || typeOfValue(source) !== typeOfValue(into)) {
        throw argumentFailure(index + 1, 'TypeMismatch', `wanted a coin of ${into.balance.coinType}`);
      }
      into.balance.join(source.balance);
      this.#context.delete(source.id);
    }
  }

  #transfer(objects: readonly Argument[], address: Argument): void {
    const recipient = this.#slots.address(address, objects.length);
    for (const [index, argument] of objects.entries()) {
      const value = this.#slots.take(argument, index, 'transfer');
      // Objects without `store`, such as a node's badge, go only where their own module sends them.
      if (value.kind !== 'coin') {
        throw new ExecutionFailure({ kind: 'invalidTransfer' }, `a ${value.kind} cannot be transferred`);
      }
      this.#context.transfer(value, recipient);
    }
  }

  #vector(type: string | undefined, elements: readonly Argument[]): MoveValue {
    const values = elements.map((argument, index) => this.#slots.take(argument, index));
    const [first] = values;
    const elementType = type === undefined ? first && typeOfValue(first) : canonicalType(type);
    if (values.every((value) => value.kind === 'pure')) return pureVector(values.map((value) => value.bytes));
    for (const [index, value] of values.entries()) {
      if (elementType === undefined || typeOfValue(value) !== elementType) {
        throw argumentFailure(index, 'TypeMismatch', `wanted an element of type ${elementType}`);
      }
    }
    return { kind: 'vector', elementType: elementType ?? '', elements: values };
  }
}

/** A vector of pure elements is pure: a ULEB128 count and the elements' bytes. */
function pureVector(elements: readonly Uint8Array[]): MoveValue {
  const count: number[] = [];
  for (let rest = elements.length; ; rest >>>= 7) {
    count.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    if (rest <= 0x7f) break;
  }
  return { kind: 'pure', bytes: Uint8Array.from(Buffer.concat([Uint8Array.from(count), ...elements])) };
}

/** The failure that an action ended with; anything else it throws goes on. */
function failureOf(action: () => void): ExecutionFailure | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof ExecutionFailure) return error;
    throw error;
  }
}
