import type { bcs } from '@mysten/sui/bcs';
import type { FailureReason, MoveLocation } from '../move/failure.js';

type BcsEffects = Extract<typeof bcs.TransactionEffects.$inferInput, { V2: unknown }>['V2'];
type BcsFailure = Extract<BcsEffects['status'], { Failure: unknown }>['Failure']['error'];

function bcsLocation(location: MoveLocation) {
  return {
    module: { address: location.packageId, name: location.module },
    // The dev chain runs no bytecode, so there is no function index and no instruction to name.
    function: 0,
    instruction: 0,
    functionName: location.functionName,
  };
}

/** A failure as Sui's `ExecutionFailureStatus`. */
export function bcsFailure(reason: FailureReason): BcsFailure {
  switch (reason.kind) {
    case 'moveAbort':
      return { MoveAbort: [bcsLocation(reason.location), reason.code] };
    case 'arithmetic':
      return { MovePrimitiveRuntimeError: bcsLocation(reason.location) };
    case 'insufficientGas':
      return { InsufficientGas: true };
    case 'insufficientCoinBalance':
      return { InsufficientCoinBalance: true };
    case 'functionNotFound':
      return { FunctionNotFound: true };
    case 'arityMismatch':
      return { ArityMismatch: true };
    case 'typeArityMismatch':
      return { TypeArityMismatch: true };
    case 'notSupported':
      return { FeatureNotYetSupported: true };
    case 'invalidTransfer':
      return { InvalidTransferObject: true };
    case 'argument':
      return { CommandArgumentError: { argIdx: reason.argument, kind: bcsArgumentError(reason) } };
    case 'unusedValue':
      return { UnusedValueWithoutDrop: { resultIdx: reason.result, secondaryIdx: reason.subresult } };
  }
}

function bcsArgumentError({ error, argument }: Extract<FailureReason, { kind: 'argument' }>) {
  switch (error) {
    case 'IndexOutOfBounds':
      return { IndexOutOfBounds: { idx: argument } };
    case 'SecondaryIndexOutOfBounds':
      return { SecondaryIndexOutOfBounds: { resultIdx: argument, secondaryIdx: 0 } };
    case 'InvalidResultArity':
      return { InvalidResultArity: { resultIdx: argument } };
    case 'TypeMismatch':
      return { TypeMismatch: true as const };
    case 'InvalidBCSBytes':
      return { InvalidBCSBytes: true as const };
    case 'InvalidGasCoinUsage':
      return { InvalidGasCoinUsage: true as const };
    case 'InvalidValueUsage':
      return { InvalidValueUsage: true as const };
    case 'InvalidObjectByValue':
      return { InvalidObjectByValue: true as const };
    case 'InvalidObjectByMutRef':
      return { InvalidObjectByMutRef: true as const };
  }
}
