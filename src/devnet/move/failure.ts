import { AtomaError } from '../../core/index.js';

/** Where in the Move code an abort happened. */
export interface MoveLocation {
  readonly packageId: string;
  readonly module: string;
  readonly functionName: string;
}

/** Names of argument errors that the dev chain raises, as Sui's `CommandArgumentError` spells them. */
export type ArgumentErrorKind =
  | 'TypeMismatch'
  | 'InvalidBCSBytes'
  | 'IndexOutOfBounds'
  | 'SecondaryIndexOutOfBounds'
  | 'InvalidResultArity'
  | 'InvalidGasCoinUsage'
  | 'InvalidValueUsage'
  | 'InvalidObjectByValue'
  | 'InvalidObjectByMutRef';

/** Why a transaction failed on chain. A failed transaction is committed and pays its gas. */
export type FailureReason =
  | { readonly kind: 'moveAbort'; readonly code: bigint; readonly location: MoveLocation }
  | { readonly kind: 'arithmetic'; readonly location: MoveLocation }
  | { readonly kind: 'insufficientGas' }
  | { readonly kind: 'insufficientCoinBalance' }
  | { readonly kind: 'functionNotFound' }
  | { readonly kind: 'arityMismatch' }
  | { readonly kind: 'typeArityMismatch' }
  | { readonly kind: 'notSupported' }
  | { readonly kind: 'invalidTransfer' }
  | { readonly kind: 'argument'; readonly argument: number; readonly error: ArgumentErrorKind }
  | { readonly kind: 'unusedValue'; readonly result: number; readonly subresult: number };

/** Ends a transaction with a failure in its effects. Code `move_failure`. */
export class ExecutionFailure extends AtomaError {
  readonly reason: FailureReason;

  constructor(reason: FailureReason, message: string) {
    super('move_failure', message, { fields: { reason: reason.kind } });
    this.reason = reason;
  }
}

/** An argument that a command cannot take. */
export function argumentFailure(
  argument: number,
  error: ArgumentErrorKind,
  message: string,
): ExecutionFailure {
  return new ExecutionFailure({ kind: 'argument', argument, error }, message);
}

/**
 * A transaction that no validator would sign: it is not committed and pays nothing. Code
 * `transaction_rejected`.
 */
export class TransactionRejected extends AtomaError {
  constructor(message: string, fields: Readonly<Record<string, unknown>> = {}) {
    super('transaction_rejected', message, { fields });
  }
}
