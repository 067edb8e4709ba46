import { bcs } from '@mysten/sui/bcs';
import type { Argument } from '@mysten/sui/transactions';
import { argumentFailure, ExecutionFailure } from './failure.js';
import { dereference, isCopyable, type MoveValue } from './values.js';

/** A place that a command can refer to: an input, the gas coin or a result. */
export interface Slot {
  /** undefined once its value was moved. */
  value: MoveValue | undefined;
  /** Whether commands may change it; false for shared objects that were declared immutable. */
  readonly mutable: boolean;
  /** Whether commands may take it by value; a shared object stays where it is, the gas coin may only be transferred. */
  readonly movable: 'always' | 'transfer-only' | 'never';
}

/** A slot as one argument of a command, with the index that errors name. */
interface Located {
  readonly slot: Slot;
  readonly value: MoveValue;
}

/** All slots of a running transaction. */
export class Slots {
  readonly #inputs: readonly Slot[];
  readonly #gas: Slot;
  readonly #results: Slot[][] = [];

  constructor(inputs: readonly Slot[], gas: Slot) {
    this.#inputs = inputs;
    this.#gas = gas;
  }

  pushResults(values: readonly MoveValue[]): void {
    this.#results.push(values.map((value) => ({ value, mutable: true, movable: 'always' })));
  }

  /** @throws ExecutionFailure where there is no such slot, or its value was moved. */
  #locate(argument: Argument, index: number): Located {
    const slot = this.#slot(argument, index);
    if (slot.value === undefined) {
      throw argumentFailure(index, 'InvalidValueUsage', 'the value was moved by an earlier command');
    }
    return { slot, value: slot.value };
  }

  #slot(argument: Argument, index: number): Slot {
    if ('GasCoin' in argument && argument.GasCoin === true) return this.#gas;
    if ('Input' in argument && argument.Input !== undefined) {
      const slot = this.#inputs[argument.Input];
      if (slot === undefined) throw argumentFailure(index, 'IndexOutOfBounds', `no input ${argument.Input}`);
      return slot;
    }
    const [result, subresult] =
      'NestedResult' in argument && argument.NestedResult !== undefined
        ? argument.NestedResult
        : ['Result' in argument ? (argument.Result ?? -1) : -1, undefined];
    const results = this.#results[result];
    if (results === undefined) throw argumentFailure(index, 'IndexOutOfBounds', `no result ${result}`);
    if (subresult === undefined && results.length !== 1) {
      throw argumentFailure(index, 'InvalidResultArity', `command ${result} has ${results.length} results`);
    }
    const slot = results[subresult ?? 0];
    if (slot !== undefined) return slot;
    throw argumentFailure(index, 'SecondaryIndexOutOfBounds', `no result ${result}.${subresult}`);
  }

  /** A value to look at. */
  borrow(argument: Argument, index: number): MoveValue {
    return dereference(this.#locate(argument, index).value);
  }

  /** A value to change. */
  borrowMutable(argument: Argument, index: number): MoveValue {
    const { slot, value } = this.#locate(argument, index);
    if (!slot.mutable || (value.kind === 'reference' && !value.mutable)) {
      throw argumentFailure(index, 'InvalidObjectByMutRef', 'the object was passed as immutable');
    }
    return dereference(value);
  }

  /** A value to keep: its slot is empty afterwards, unless the value can be copied. */
  take(argument: Argument, index: number, use: 'call' | 'transfer' = 'call'): MoveValue {
    const { slot, value } = this.#locate(argument, index);
    if (isCopyable(value)) return value;
    if (slot.movable === 'never') {
      throw argumentFailure(index, 'InvalidObjectByValue', 'a shared object cannot be taken by value');
    }
    if (slot.movable === 'transfer-only' && use !== 'transfer') {
      throw argumentFailure(
        index,
        'InvalidGasCoinUsage',
        'the gas coin can be taken by TransferObjects only',
      );
    }
    slot.value = undefined;
    return value;
  }

  u64(argument: Argument, index: number): bigint {
    return BigInt(bcs.u64().parse(this.#pure(argument, index, 8)));
  }

  address(argument: Argument, index: number): string {
    return bcs.Address.parse(this.#pure(argument, index, 32));
  }

  #pure(argument: Argument, index: number, bytes: number): Uint8Array {
    const value = this.borrow(argument, index);
    if (value.kind === 'pure' && value.bytes.length === bytes) return value.bytes;
    throw argumentFailure(index, 'TypeMismatch', `wanted a pure value of ${bytes} bytes`);
  }

  /** @throws ExecutionFailure where a result that Move may not drop was never used. */
  checkNothingLeft(): void {
    for (const [result, slots] of this.#results.entries()) {
      for (const [subresult, { value }] of slots.entries()) {
        if (value !== undefined && !isCopyable(value)) {
          const reason = { kind: 'unusedValue', result, subresult } as const;
          throw new ExecutionFailure(reason, `result ${result}.${subresult} is a ${value.kind} nobody took`);
        }
      }
    }
  }
}
