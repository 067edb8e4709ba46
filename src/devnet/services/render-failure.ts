import { GrpcTypes } from '@mysten/sui/grpc';
import type { PartialMessage } from '@protobuf-ts/runtime';
import type { ArgumentErrorKind, FailureReason } from '../move/failure.js';
import type { FailedAt } from '../move/interpreter.js';

const Kind = GrpcTypes.ExecutionError_ExecutionErrorKind;
const ArgumentKind = GrpcTypes.CommandArgumentError_CommandArgumentErrorKind;

const KINDS: Readonly<Record<FailureReason['kind'], GrpcTypes.ExecutionError_ExecutionErrorKind>> = {
  moveAbort: Kind.MOVE_ABORT,
  arithmetic: Kind.MOVE_PRIMITIVE_RUNTIME_ERROR,
  insufficientGas: Kind.INSUFFICIENT_GAS,
  insufficientCoinBalance: Kind.INSUFFICIENT_COIN_BALANCE,
  functionNotFound: Kind.FUNCTION_NOT_FOUND,
  arityMismatch: Kind.ARITY_MISMATCH,
  typeArityMismatch: Kind.TYPE_ARITY_MISMATCH,
  notSupported: Kind.FEATURE_NOT_YET_SUPPORTED,
  invalidTransfer: Kind.INVALID_TRANSFER_OBJECT,
  argument: Kind.COMMAND_ARGUMENT_ERROR,
  unusedValue: Kind.UNUSED_VALUE_WITHOUT_DROP,
};

const ARGUMENT_KINDS: Readonly<
  Record<ArgumentErrorKind, GrpcTypes.CommandArgumentError_CommandArgumentErrorKind>
> = {
  TypeMismatch: ArgumentKind.TYPE_MISMATCH,
  InvalidBCSBytes: ArgumentKind.INVALID_BCS_BYTES,
  IndexOutOfBounds: ArgumentKind.INDEX_OUT_OF_BOUNDS,
  SecondaryIndexOutOfBounds: ArgumentKind.SECONDARY_INDEX_OUT_OF_BOUNDS,
  InvalidResultArity: ArgumentKind.INVALID_RESULT_ARITY,
  InvalidGasCoinUsage: ArgumentKind.INVALID_GAS_COIN_USAGE,
  InvalidValueUsage: ArgumentKind.INVALID_VALUE_USAGE,
  InvalidObjectByValue: ArgumentKind.INVALID_OBJECT_BY_VALUE,
  InvalidObjectByMutRef: ArgumentKind.INVALID_OBJECT_BY_MUT_REF,
};

/** The status of a transaction's effects. */
export function renderStatus(failed: FailedAt | undefined): PartialMessage<GrpcTypes.ExecutionStatus> {
  if (failed === undefined) return { success: true };
  const { failure, command } = failed;
  const error: PartialMessage<GrpcTypes.ExecutionError> = {
    description: failure.message,
    kind: KINDS[failure.reason.kind],
    errorDetails: errorDetails(failure.reason),
  };
  if (command !== undefined) error.command = BigInt(command);
  return { success: false, error };
}

function errorDetails(reason: FailureReason): GrpcTypes.ExecutionError['errorDetails'] {
  switch (reason.kind) {
    case 'moveAbort': {
      const { packageId, module, functionName } = reason.location;
      // The dev chain runs no bytecode: there is no function index and no instruction to name.
      const location = { package: packageId, module, functionName, function: 0, instruction: 0 };
      return { oneofKind: 'abort', abort: { abortCode: reason.code, location } };
    }
    case 'argument': {
      const { argument, error } = reason;
      return {
        oneofKind: 'commandArgumentError',
        commandArgumentError: { argument, kind: ARGUMENT_KINDS[error] },
      };
    }
    case 'unusedValue': {
      const { result, subresult } = reason;
      return { oneofKind: 'indexError', indexError: { index: result, subresult } };
    }
    default:
      return { oneofKind: undefined };
  }
}
