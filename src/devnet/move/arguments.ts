import type { Argument } from '@mysten/sui/transactions';
import { argumentFailure } from './failure.js';
import { isPureType, isValidPure } from './pure.js';
import type { Slots } from './slots.js';
import { formatType, type MoveType, type Parameter } from './types.js';
import { type MoveValue, typeOfValue } from './values.js';

/**
 * Fetches the value of an argument as a function's parameter wants it.
 * @throws ExecutionFailure where the types differ, bytes are no BCS of the type, or the value may not be used so.
 */
export function bindArgument(
  slots: Slots,
  argument: Argument,
  index: number,
  parameter: Parameter,
  typeArguments: readonly string[],
): MoveValue {
  const wanted = substitute(parameter.type, typeArguments);
  checkType(slots.borrow(argument, index), index, wanted);
  if (parameter.reference === 'mutable') return slots.borrowMutable(argument, index);
  if (parameter.reference === 'immutable') return slots.borrow(argument, index);
  return slots.take(argument, index);
}

interface Wanted {
  readonly type: MoveType;
  readonly text: string;
}

function substitute(type: MoveType, typeArguments: readonly string[]): Wanted {
  return { type, text: formatType(type, typeArguments) };
}

function checkType(value: MoveValue, index: number, wanted: Wanted): void {
  if (value.kind !== 'pure') {
    const found = typeOfValue(value);
    if (found !== wanted.text) {
      throw argumentFailure(index, 'TypeMismatch', `argument ${index} is ${found}, wanted ${wanted.text}`);
    }
    return;
  }
  if (!isPureType(wanted.type)) {
    throw argumentFailure(index, 'TypeMismatch', `argument ${index} is pure bytes, wanted ${wanted.text}`);
  }
  if (!isValidPure(value.bytes, wanted.type)) {
    throw argumentFailure(index, 'InvalidBCSBytes', `argument ${index} is no BCS of ${wanted.text}`);
  }
}
