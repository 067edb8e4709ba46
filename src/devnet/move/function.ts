import { bcs } from '@mysten/sui/bcs';
import { AtomaError } from '../../core/index.js';
import { SUI_FRAMEWORK } from './addresses.js';
import type { TransactionContext } from './context.js';
import { ExecutionFailure } from './failure.js';
import { type Parameter, parseParameter } from './types.js';
import { type Balance, type CoinValue, dereference, type MoveValue, type ObjectValue } from './values.js';

const TX_CONTEXT = `${SUI_FRAMEWORK}::tx_context::TxContext`;
const RANDOM = `${SUI_FRAMEWORK}::random::Random`;

/** Arguments of a call, already checked against the signature; reading one as what it is not is a bug here. */
export class Arguments {
  readonly #values: readonly MoveValue[];

  constructor(values: readonly MoveValue[]) {
    this.#values = values;
  }

  value(index: number): MoveValue {
    const value = this.#values[index];
    if (value === undefined) throw new AtomaError('internal', `The call has no argument ${index}.`);
    return dereference(value);
  }

  /** BCS bytes of a pure or copyable value. */
  bytes(index: number): Uint8Array {
    const value = this.value(index);
    if (value.kind !== 'pure' && value.kind !== 'struct') throw mismatch(index, 'bytes', value);
    return value.bytes;
  }

  u64(index: number): bigint {
    return BigInt(bcs.u64().parse(this.bytes(index)));
  }

  u32(index: number): number {
    return bcs.u32().parse(this.bytes(index));
  }

  bool(index: number): boolean {
    return bcs.bool().parse(this.bytes(index));
  }

  text(index: number): string {
    return bcs.string().parse(this.bytes(index));
  }

  address(index: number): string {
    return bcs.Address.parse(this.bytes(index));
  }

  byteVector(index: number): Uint8Array {
    return Uint8Array.from(bcs.byteVector().parse(this.bytes(index)));
  }

  u32Vector(index: number): number[] {
    return bcs.vector(bcs.u32()).parse(this.bytes(index));
  }

  optionalU64(index: number): bigint | undefined {
    const value = bcs.option(bcs.u64()).parse(this.bytes(index));
    return value === null ? undefined : BigInt(value);
  }

  optionalText(index: number): string | null {
    return bcs.option(bcs.string()).parse(this.bytes(index));
  }

  coin(index: number): CoinValue {
    const value = this.value(index);
    if (value.kind !== 'coin') throw mismatch(index, 'a coin', value);
    return value;
  }

  /** The balance of a `Balance` or of a `Coin`. */
  balance(index: number): Balance {
    const value = this.value(index);
    if (value.kind !== 'coin' && value.kind !== 'balance') throw mismatch(index, 'a balance', value);
    return value.balance;
  }

  object(index: number): ObjectValue {
    const value = this.value(index);
    if (value.kind !== 'object') throw mismatch(index, 'an object', value);
    return value;
  }
}

function mismatch(index: number, wanted: string, found: MoveValue): AtomaError {
  return new AtomaError(
    'internal',
    `Argument ${index} is a ${found.kind}, its signature promised ${wanted}.`,
  );
}

/** A call as a function of the chain sees it. */
export interface Call {
  readonly context: TransactionContext;
  readonly args: Arguments;
  /** Canonical types. */
  readonly typeArguments: readonly string[];
  /** Ends the transaction with an abort at this function. */
  abort(code: number | bigint, message: string): ExecutionFailure;
}

/** A Move function that the dev chain knows: what it takes, and what it does. */
export interface MoveFunction {
  readonly packageId: string;
  readonly module: string;
  readonly name: string;
  readonly isEntry: boolean;
  readonly typeParameters: number;
  /** With a last `&mut TxContext` where Move has one: the caller does not pass it. */
  readonly parameters: readonly Parameter[];
  readonly returns: readonly Parameter[];
  run(call: Call): readonly MoveValue[] | undefined;
}

/** A function in the form that the tables of this chain write it. */
export interface FunctionDefinition {
  readonly parameters: readonly string[];
  readonly returns?: readonly string[];
  readonly typeParameters?: number;
  readonly isEntry?: boolean;
  run(call: Call): readonly MoveValue[] | undefined;
}

/** The functions of one module. */
export function defineModule(
  packageId: string,
  module: string,
  definitions: Readonly<Record<string, FunctionDefinition>>,
): MoveFunction[] {
  return Object.entries(definitions).map(([name, definition]) => ({
    packageId,
    module,
    name,
    isEntry: definition.isEntry ?? false,
    typeParameters: definition.typeParameters ?? 0,
    parameters: definition.parameters.map(parseParameter),
    returns: (definition.returns ?? []).map(parseParameter),
    run: (call) => definition.run(call),
  }));
}

function isStruct(parameter: Parameter, name: string): boolean {
  return parameter.type.kind === 'struct' && parameter.type.name === name;
}

/** The parameters that a transaction passes: all but the `TxContext`. */
export function passedParameters(definition: MoveFunction): readonly Parameter[] {
  return definition.parameters.filter((parameter) => !isStruct(parameter, TX_CONTEXT));
}

/** Whether it draws randomness, after which a transaction may only transfer and merge. */
export function takesRandom(definition: MoveFunction): boolean {
  return definition.parameters.some((parameter) => isStruct(parameter, RANDOM));
}

/** All functions of the chain. */
export class FunctionTable {
  readonly #functions = new Map<string, MoveFunction>();

  constructor(functions: readonly MoveFunction[]) {
    for (const entry of functions) {
      this.#functions.set(`${entry.packageId}::${entry.module}::${entry.name}`, entry);
    }
  }

  /** @param packageId canonical, as are all ids inside the chain */
  get(packageId: string, module: string, name: string): MoveFunction | undefined {
    return this.#functions.get(`${packageId}::${module}::${name}`);
  }

  ofPackage(packageId: string): MoveFunction[] {
    return [...this.#functions.values()].filter((entry) => entry.packageId === packageId);
  }
}

/** The abort of a function at its place in the code. */
export function abortIn(definition: MoveFunction): Call['abort'] {
  const { packageId, module, name } = definition;
  const location = { packageId, module, functionName: name };
  return (code, message) =>
    new ExecutionFailure(
      { kind: 'moveAbort', code: BigInt(code), location },
      `${module}::${name}: ${message}`,
    );
}
